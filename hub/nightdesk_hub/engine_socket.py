"""Noticing that the engine was started anew behind a socket that only a new container sees.

The hub is given the engine's socket as a file. An engine that makes its socket itself makes another one when
it starts again, and what the hub holds leads nowhere from then on. The kernel says so: the file that is
mounted here has been deleted. So the hub leaves, and the engine starts it again with the socket of that
moment; sessions go on meanwhile.
"""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_log = logging.getLogger(__name__)


def is_gone(mounts: str) -> bool:
    """Whether the engine's socket among these mounts (as ``/proc/self/mountinfo`` has them) was deleted."""
    lines = (line.split() for line in mounts.splitlines())
    return any(
        fields[4].endswith("/docker.sock") and fields[3].endswith("//deleted")
        for fields in lines
        if len(fields) > 4
    )


def leave_if_gone(mounts: Path = _MOUNTS) -> None:
    """End the hub as SIGTERM does, where it has to be started anew to reach the engine."""
    if is_gone(mounts.read_text("utf-8")):
        _log.warning(
            "The engine was started anew and has another socket: leaving, to be started with that one"
        )
        os.kill(os.getpid(), signal.SIGTERM)
