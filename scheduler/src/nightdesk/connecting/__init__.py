"""Opening data connections, in sessions, in runs and where an admin tests one.

What the platform answers to `POST /connections/NAME/use` goes in, the field's own object comes out: `opening` chooses
by kind, `sql`, `files` and `http` make it, `probing` tries it step by step and says in words what fails. The
libraries are those of the environment and imported when a kind needs them; where one is missing, the error names the
package. Nothing of it shows a secret: see `hidden`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.connecting.opening import open_connection
    from nightdesk.connecting.probing import outcome, probe

__all__ = ["open_connection", "outcome", "probe"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{'opening' if name == 'open_connection' else 'probing'}"), name)
