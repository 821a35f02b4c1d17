"""What the services need of the database: the one place where the truth about runs is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from nightdesk.server.domain.environment import Version
from nightdesk.server.domain.run import Output, Run, Status


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of a run's log. ``start`` is its place, in characters, in the log of its attempt."""

    number: int
    start: int
    stream: str  # stdout, stderr or system
    cell: int | None
    text: str


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list, newest first. ``before`` continues an earlier list."""

    owner: str | None = None
    status: Status | None = None
    limit: int = 50
    before: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker's last sign of life."""

    name: str
    slots: int
    seen_at: float


class Records(Protocol):
    """The database. Every method is one transaction; times are on its own clock.

    Methods raise ``Unavailable`` when the database does not answer.
    """

    def now(self) -> float:
        """Seconds since 1970, UTC, on the database's clock."""

    # runs
    def add_run(self, run: Run) -> tuple[Run, bool]:
        """Put a run on record; the earlier one and False where owner and key are known already."""

    def run(self, run_id: str) -> Run | None:
        """One run, or None."""

    def run_by_key(self, owner: str, key: str) -> Run | None:
        """The run that this owner submitted under this idempotency key, or None."""

    def runs(self, wanted: RunFilter) -> list[Run]:
        """Runs, newest first."""

    def change(self, run: Run, **changes: Any) -> Run:
        """Change a run if nobody else did: compare-and-set on attempt, fence and status.

        Raises:
            FenceLost: the run is not as ``run`` has it.
            Conflict: the transition table does not allow the new status.
        """

    def request_cancel(self, run_id: str, by: str) -> Run | None:
        """Note the wish; a queued run is cancelled at once. The run as it is afterwards."""

    # the queue
    def offer(self, alive_seconds: float, again_seconds: float) -> list[str]:
        """Choose queued runs for the free slots, oldest first, and note that they were offered.

        Free slots are those of workers seen in the last ``alive_seconds``, less what is going on.
        A run that was offered and not picked up within ``again_seconds`` is offered again.
        """

    def queue_position(self, run: Run) -> int:
        """How many queued runs stand before this one."""

    def claim(self, run_id: str, worker: str, lease_seconds: float) -> Run | None:
        """Take a queued run, or one whose lease has run out; None when somebody else has it."""

    def renew(self, worker: str, run_ids: list[str], lease_seconds: float) -> list[Run]:
        """Hold on to these runs; those that are still this worker's come back as they are now."""

    def held(self, worker: str) -> list[Run]:
        """The live runs of this worker."""

    def let_go(self, worker: str) -> list[str]:
        """End this worker's leases at once, so that others need not wait for them."""

    def orphans(self) -> list[str]:
        """Live runs whose lease has run out."""

    def beat(self, worker: str, slots: int) -> None:
        """A worker's sign of life."""

    def workers(self) -> list[WorkerSeen]:
        """Every worker with its last sign of life."""

    # log and outputs
    def add_log(self, run: Run, chunks: list[LogChunk]) -> None:
        """Append to the log of the run's attempt; numbers already there are left as they are."""

    def log(self, run: Run, start: int = 0, limit: int = 500) -> list[LogChunk]:
        """Pieces of the attempt's log from the character ``start`` on."""

    def log_end(self, run: Run) -> tuple[int, int]:
        """The last number and the length in characters of what is on record of the attempt's log."""

    def drop_logs(self, ended_before: float) -> int:
        """Forget log pieces of runs that ended before then: their log.txt is in the store."""

    def set_outputs(self, run: Run, outputs: list[Output]) -> None:
        """Put on record what the attempt left."""

    def outputs(self, run_ids: list[str]) -> dict[str, list[Output]]:
        """Outputs of the runs' current attempts."""

    # environments
    def add_version(self, version: Version) -> bool:
        """Register a version; False where it is there with the same digest.

        Raises:
            Conflict: the name and version are taken by another digest.
        """

    def versions(self) -> list[Version]:
        """Every version, newest first, without packages."""

    def packages(self, digest: str) -> list[tuple[str, str]]:
        """Names and versions of the packages in an image."""
