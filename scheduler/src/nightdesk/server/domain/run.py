"""A run: one execution of one notebook or script with parameters, and how its status may change."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nightdesk.server.domain.errors import Conflict

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which people mix up


class Status(StrEnum):
    """Where a run is; the last five are final."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Nothing follows this status."""
        return not TRANSITIONS[self]


_ENDINGS = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.TIMED_OUT, Status.LOST})

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.STARTING, Status.CANCELLED, Status.FAILED}),
    # back to queued: the next attempt, where the run's own retry policy says so
    Status.STARTING: frozenset({Status.RUNNING, Status.QUEUED}) | _ENDINGS,
    Status.RUNNING: frozenset({Status.QUEUED}) | _ENDINGS,
    **dict.fromkeys(_ENDINGS, frozenset[Status]()),
}


@dataclass(frozen=True, slots=True)
class RunError:
    """What stopped the code. ``cell`` counts code cells from 1; None for a script."""

    type: str
    message: str
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a run left. ``size`` is bytes, ``sha256`` hexadecimal."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it is on record. Times are seconds since 1970 in UTC on the database's clock."""

    id: str
    owner: str
    name: str
    kind: str  # "notebook" or "script"
    file: str
    environment: str
    version: str
    digest: str
    size: str
    cpus: float
    memory_bytes: int
    timeout_seconds: float
    created_at: float
    submitted_by: str
    kernel: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    key: str | None = None
    retries: int = 0
    input_sha256: str = ""
    files_count: int = 0
    status: Status = Status.QUEUED
    reason: str | None = None
    error: RunError | None = None
    attempt: int = 1
    fence: int = 0
    worker: str | None = None
    lease_until: float | None = None
    offered_at: float | None = None
    cancel_requested_at: float | None = None
    cancelled_by: str | None = None
    cell: int = 0
    cells: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    peak_memory_bytes: int | None = None

    @property
    def final(self) -> bool:
        """The run has ended."""
        return self.status.final

    @property
    def deadline(self) -> float | None:
        """When the run has to be over; None before its code started."""
        return None if self.started_at is None else self.started_at + self.timeout_seconds


def new_id() -> str:
    """A run's name in addresses: 12 characters, 60 bits that nobody guesses."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


def check_transition(old: Status, new: Status) -> None:
    """Raise :class:`Conflict` where the table does not allow ``old`` → ``new``."""
    if new not in TRANSITIONS[old]:
        raise Conflict(f"a run that is {old} cannot become {new}")
