"""Noticing that the engine was started anew behind a socket that only a new container sees.

The worker is given the engine's socket as a file. An engine that makes its socket itself makes another one
when it starts again, and what the worker holds leads nowhere from then on, however well the engine is. The
kernel says so: the file that is mounted here has been deleted. All that helps is to leave: the engine starts
the worker again, with the socket of that moment, and it takes its runs up where they stand.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path

from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.services.watch import Parts
from nightdesk.server.worker.keeper import Ticking

_MOUNTS = Path("/proc/self/mountinfo")
_NAME = "/docker.sock"
_GONE = "//deleted"
_LEAVE_SECONDS = 10
_log = logging.getLogger(__name__)


def is_gone(mounts: str) -> bool:
    """Whether the engine's socket among these mounts (as ``/proc/self/mountinfo`` has them) was deleted."""
    lines = (line.split() for line in mounts.splitlines())
    return any(fields[4].endswith(_NAME) and fields[3].endswith(_GONE) for fields in lines if len(fields) > 4)


class Door(Ticking):
    """Looks each second, and leaves when it has to."""

    def __init__(self, parts: Parts, supervisor: Supervisor) -> None:
        del parts, supervisor
        super().__init__("engine-socket")

    def _tick(self, tick: int) -> None:
        del tick
        if not is_gone(_MOUNTS.read_text("utf-8")):
            return
        _log.warning(
            "the engine was started anew and has another socket: leaving, to be started with that one"
        )
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_LEAVE_SECONDS)  # this thread ends with the process
        os._exit(1)  # something hangs on the socket that leads nowhere
