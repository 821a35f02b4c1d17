"""A run: one execution of one notebook or script with parameters, and how its status may change."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nightdesk.server.domain.errors import Conflict

_ID_LENGTH = 12
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which people mix up


MOST_FILES = 200_000  # files and folders of one run: all share a volume that has room for so many only
LONGEST_RETRY_WAIT = 3600.0  # seconds between two attempts, however often the wait was doubled


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


class Priority(StrEnum):
    """Where a run stands among the same person's; urgent ones, which admins make, stand before all others."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


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
class Source:
    """An output of another run, as an input under this name."""

    name: str
    run: str
    attempt: int
    output: str
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
    priority: Priority = Priority.NORMAL
    groups: tuple[str, ...] = ()  # the owner's, when it was submitted
    pids_limit: int = 1024
    disk_bytes: int = 20 * 2**30
    output_bytes: int = 10 * 2**30
    cell_timeout_seconds: float | None = None
    retries: int = 0
    retry_wait_seconds: float = 10.0
    notify: str | None = None  # when its owner hears of its end; None: as they wish
    expected_seconds: float | None = None  # from earlier runs of the same name
    input_sha256: str = ""
    files_count: int = 0
    status: Status = Status.QUEUED
    reason: str | None = None
    error: RunError | None = None
    attempt: int = 1
    fence: int = 0
    worker: str | None = None  # who cares for it; None for a live run: somebody has to adopt it
    not_before: float | None = None  # a further attempt waits until then
    offered_at: float | None = None
    cancel_requested_at: float | None = None
    cancelled_by: str | None = None
    ending: str | None = None  # why the platform ends it: one of the Ends
    cell: int = 0
    cells: int = 0
    started_at: float | None = None
    started_uptime: float | None = (
        None  # the same on a clock that nobody sets: seconds since the machine's start
    )
    finished_at: float | None = None
    peak_memory_bytes: int | None = None
    schedule_id: str | None = None
    scheduled_at: float | None = (
        None  # the time of the schedule that it is for, which may lie before its start
    )
    pipeline_id: str | None = None  # the pipeline that it is a step of, and which
    step: str | None = None
    steps: dict[str, str] | None = None  # the steps before it that it may read: their runs by name
    sweep_id: str | None = None
    sweep_place: int | None = None  # which of its sets of parameters, from 1
    git: dict[str, Any] | None = (
        None  # of the checkout that it was submitted from: commit, branch, dirty, remote
    )
    sources: tuple[Source, ...] = ()  # outputs of other runs that it gets
    kept_by: str | None = None  # who marked it, so that its outputs stay
    kept_at: float | None = None
    removed_at: float | None = None  # when its outputs had had their time
    removed_why: str | None = None
    removed_bytes: int | None = None

    @property
    def final(self) -> bool:
        """The run has ended."""
        return self.status.final

    @property
    def retry_wait(self) -> float:
        """Seconds from the end of this attempt to the next one: doubled each time."""
        return min(self.retry_wait_seconds * 2.0 ** min(self.attempt - 1, 20), LONGEST_RETRY_WAIT)

    def elapsed(self, now: float, uptime: float) -> float:
        """Seconds since its code started, unmoved by a clock that is set; 0 before.

        Args:
            now: the database's time.
            uptime: seconds since the start of the machine, of which a later start is not before this one.
        """
        if self.started_uptime is not None and uptime >= self.started_uptime:
            return uptime - self.started_uptime
        return 0.0 if self.started_at is None else max(now - self.started_at, 0.0)


class Ends(StrEnum):
    """Why the platform ends a run by itself."""

    TIME = "time"
    DISK = "disk"
    FILES = "files"


_WISHES = (
    *("name", "kind", "file", "kernel", "parameters", "input_sha256", "files_count", "cells"),
    *(
        "environment",
        "version",
        "digest",
        "size",
        "cpus",
        "memory_bytes",
        "pids_limit",
        "disk_bytes",
        "output_bytes",
    ),
    *("timeout_seconds", "cell_timeout_seconds", "retries", "retry_wait_seconds", "priority", "notify"),
    *("schedule_id", "scheduled_at"),
    *("git", "sources", "steps"),
)


def anew(run: Run, **changes: Any) -> Run:
    """A run that is yet to begin: what was wished for ``run``, with these changes, and nothing of how it went.

    ``changes`` must hold the id, the owner, who submits it and when.
    """
    return Run(**{name: getattr(run, name) for name in _WISHES} | changes)


def new_id() -> str:
    """A run's name in addresses: 12 characters, 60 bits that nobody guesses."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def is_id(text: str) -> bool:
    """Whether a text can be the id of a run."""
    return len(text) == _ID_LENGTH and set(text) <= set(_ALPHABET)


def check_transition(old: Status, new: Status) -> None:
    """Raise :class:`Conflict` where the table does not allow ``old`` → ``new``."""
    if new not in TRANSITIONS[old]:
        raise Conflict(f"a run that is {old} cannot become {new}")
