"""Nightdesk: notebooks that run while you sleep.

In a notebook or script, in a session or a run::

    import nightdesk

    nightdesk.output_dir / "report.csv"   # where outputs go
    nightdesk.run                         # this run; None in a session
    nightdesk.log_metric("auc", 0.81)     # stored with the run
    nightdesk.connections()               # the data connections that you may use
    nightdesk.connect("warehouse")        # one of them, opened
    nightdesk.load_output(run, "x.csv")   # what another run has left
    nightdesk.steps["prepare"].values     # of a pipeline: what the steps before this one have left

From anywhere: ``nightdesk.Client().submit("report.ipynb").wait()``; the command line is ``nightdesk --help``.
What is not used is not imported: `import nightdesk` takes a millisecond.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nightdesk.background import Client
    from nightdesk.notebook import connect, connections, load_output, log_metric, output_dir, run, steps
    from nightdesk.pipeline import Pipeline

__all__ = [
    "Client",
    "Pipeline",
    "connect",
    "connections",
    "load_output",
    "log_metric",
    "output_dir",
    "run",
    "steps",
]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext nightdesk`: the magics `%sql` and `%%nightdesk`, for where the environment does not bring them."""
    from nightdesk.cell import CellMagic
    from nightdesk.sql import SqlMagic

    shell.register_magics(SqlMagic, CellMagic)


def __getattr__(name: str) -> object:
    if name == "Client":
        from nightdesk.background import Client

        return Client
    if name == "Pipeline":
        from nightdesk.pipeline import Pipeline

        return Pipeline
    if name in __all__:
        from nightdesk import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
