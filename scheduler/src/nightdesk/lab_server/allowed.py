"""Which calls of the platform's interface Lab may have made for it: these and no others."""

from __future__ import annotations

import re

_RUN = r"/runs/[a-z0-9]{12}"
_SCHEDULE = r"/schedules/[a-z0-9]{12}"
_ALLOWED = {
    "GET": re.compile(rf"/(?:environments|sizes|runs|{_RUN[1:]}|{_RUN[1:]}/(?:failure|outputs)|schedules)"),
    "POST": re.compile(rf"{_RUN}/(?:cancel|retry)|{_SCHEDULE}/(?:pause|resume|run)|/schedules/preview"),
}
#: What may be said with them; anything else is dropped.
QUERY = ("owner", "status", "name", "limit", "before")


def is_allowed(method: str, path: str) -> bool:
    """Whether `path` (below the interface's own address) is one of those that are passed on."""
    pattern = _ALLOWED.get(method)
    return pattern is not None and pattern.fullmatch(path) is not None


def is_run(text: str) -> bool:
    """Whether this can be the id of a run."""
    return re.fullmatch(r"[a-z0-9]{12}", text) is not None
