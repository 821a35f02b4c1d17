"""How a run ended, in the contract's words."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EXIT_CODES = {
    "succeeded": 0,
    "code_failed": 1,
    "bad_job": 2,
    "stopped_early": 3,
    "kernel_died": 4,
    "cell_timed_out": 5,
    "storage_full": 6,
    "terminated": 143,
}
MESSAGE_CHARACTERS = 10_000
TRACEBACK_CHARACTERS = 100_000


class Outcome:
    """A key of `EXIT_CODES`, a reason in plain words (None for a success) and the error behind it, if any."""

    __slots__ = ("error", "name", "reason")

    def __init__(self, name: str, reason: str | None = None, error: dict[str, Any] | None = None) -> None:
        self.name = name
        self.reason = reason
        self.error = error


class BadJob(Exception):
    """The job cannot be run as it was given; the message says what to change."""


def error(
    kind: str, message: str, cell: int | None = None, traceback: list[str] | None = None
) -> dict[str, Any]:
    """The `error` of a `finished` event, small enough for a log line (the notebook keeps the whole of it)."""
    lines = []
    left = TRACEBACK_CHARACTERS
    for line in traceback or []:
        lines.append(line[:left])
        left -= len(line)
        if left <= 0:
            lines.append("[nightdesk: traceback cut]")
            break
    return {"type": kind, "message": message[:MESSAGE_CHARACTERS], "cell": cell, "traceback": lines}


def how_it_ended(status: int) -> str:
    """Words for a wait status: `exit code 3` or `signal 9, SIGKILL`."""
    import os
    import signal

    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"signal {number}, {signal.Signals(number).name}"
        except ValueError:
            return f"signal {number}"
    return f"exit code {os.WEXITSTATUS(status)}"
