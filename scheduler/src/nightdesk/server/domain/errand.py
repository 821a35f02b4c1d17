"""An errand: something outside that a worker does in a container where runs are, for somebody or for a tick.

A fetch brings code from a repository or a home; a report tells a repository's host how a run of its commit went. One that
needs the secret of a connection waits until the api, which alone opens it, has sealed it for workers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nightdesk.server.domain.run import Run

MOST_TRIES = 6  # of a report, an hour all in all
_FIRST_WAIT = 30.0


class ErrandKind(StrEnum):
    """What is done."""

    GIT = "git"
    HOME = "home"
    STATUS = "status"


class ErrandState(StrEnum):
    """How far it is."""

    LOCKED = "locked"  # until the api has looked whether the connection is its owner's to use, and sealed the login
    READY = "ready"
    TAKEN = "taken"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Errand:
    """One errand. ``wanted`` is what its kind needs; ``sealed`` the login, until a worker has taken it.

    ``schedule_id`` and ``tick_at`` are those of the tick that waits for it; without them somebody at the api does, or
    nobody.
    """

    id: str
    kind: ErrandKind
    owner: str
    wanted: dict[str, Any]
    state: ErrandState
    connection: str | None = None
    schedule_id: str | None = None
    tick_at: float | None = None
    sealed: str = field(default="", repr=False)
    tries: int = 0
    answer: dict[str, Any] | None = None

    @property
    def has_tick(self) -> bool:
        """A tick waits for it."""
        return self.schedule_id is not None


def has_report(run: Run) -> bool:
    """Whether a host may want to hear of its end: its commit was fetched by a connection, whose host may take it."""
    return bool(run.git and run.git.get("fetched") and run.git.get("connection"))


def report_of(run: Run) -> Errand:
    """The errand that tells it; the api knows whether the connection's host takes it."""
    connection = str((run.git or {})["connection"])
    wanted = {"run": run.id}
    return Errand(f"s{run.id}", ErrandKind.STATUS, run.owner, wanted, ErrandState.LOCKED, connection)


def wait_before(tries: int) -> float:
    """Seconds until a report is tried again."""
    return _FIRST_WAIT * 3.0 ** min(tries - 1, 4)
