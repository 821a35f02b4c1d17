"""nightdesk retry"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Run a run again: the same file, parameters, size, limits and files, as a new run of yours. It runs
in the version it ran in, or, where that is not on offer any more, in the environment's default,
and says so. With --exact it runs in exactly the image that is on record; where that was removed,
in one that was built again from its recorded lock, and says so."""

EXAMPLES = """\
  nightdesk retry RUN
  nightdesk retry RUN --watch
  nightdesk retry RUN --exact"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    parser.add_argument(
        "--exact", action="store_true", help="in exactly the image that it ran in, by its digest"
    )
    parser.add_argument("--watch", action="store_true", help="follow the new run to its end")


def run(arguments: argparse.Namespace) -> int:
    """Ask for the new run, and with --watch follow it. Returns the exit code."""
    from nightdesk.cli.commands.submit import follow_submitted

    with connect(arguments) as client:
        again = client.retry(arguments.run_id, exact=arguments.exact)
        if arguments.watch:
            return follow_submitted(client, again, as_json=arguments.json)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(again)
    else:
        from nightdesk.cli.summary import show_submitted

        show_submitted(again)
    return 0
