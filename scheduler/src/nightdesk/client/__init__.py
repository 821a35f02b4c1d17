"""The way to a platform from Python: `Client`, its errors and the shapes of its answers.

Standard library only, and each part is imported when it is first used: this is on the way of
`nightdesk submit`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.answers import Environment, Output, Run, User
    from nightdesk.client.errors import (
        ConnectionLost,
        LocalProblem,
        NightdeskError,
        NotAllowed,
        NotFound,
        Refused,
        SignInNeeded,
        Unreachable,
        WrongUsage,
    )
    from nightdesk.client.events import Event
    from nightdesk.client.login import Login, find_login
    from nightdesk.client.platform import Client

__all__ = [
    "Client",
    "ConnectionLost",
    "Environment",
    "Event",
    "LocalProblem",
    "Login",
    "NightdeskError",
    "NotAllowed",
    "NotFound",
    "Output",
    "Refused",
    "Run",
    "SignInNeeded",
    "Unreachable",
    "User",
    "WrongUsage",
    "find_login",
]

_HOME = {
    "Client": "platform",
    "Environment": "answers",
    "Event": "events",
    "Login": "login",
    "Output": "answers",
    "Run": "answers",
    "User": "answers",
    "find_login": "login",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'errors')}"), name)
