"""The gate: the few routes that runs reach, through a socket file in their containers and no network.

The process that serves it knows run tokens alone, and no other process knows those: a token that got out of its run is
good for nothing elsewhere, and a person's is good for nothing here.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

from nightdesk.server.web.paths import API

SOCKET = "/gate/api.sock"
ARGUMENT = "gate"  # of the process that serves it
_BACKLOG = 1024
_RUN = r"[a-z0-9]{12}"
_OPEN = (
    ("GET", re.compile(rf"{API}/health")),
    ("GET", re.compile(rf"{API}/connections")),
    ("POST", re.compile(rf"{API}/connections/[^/]+/use")),
    ("GET", re.compile(rf"{API}/runs/{_RUN}")),
    ("GET", re.compile(rf"{API}/runs/{_RUN}/outputs")),
    ("GET", re.compile(rf"{API}/runs/{_RUN}/outputs/.+", re.DOTALL)),
)


def opens(method: str, path: str) -> bool:
    """Whether there is such a route for runs."""
    return any(method == each and pattern.fullmatch(path) for each, pattern in _OPEN)


def listen(path: Path) -> socket.socket:
    """The socket file, made anew: for this user alone, as whom runs execute as well."""
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        door.bind(str(path))
    finally:
        os.umask(before)
    door.listen(_BACKLOG)
    return door
