"""What the services need of the database: the one place where the truth about runs is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from nightdesk.server.domain.cell_time import CellTime
from nightdesk.server.domain.environment import Version
from nightdesk.server.domain.history import RunChange
from nightdesk.server.domain.policy import Limit, Policies
from nightdesk.server.domain.queue import Line
from nightdesk.server.domain.run import Output, Run, Status
from nightdesk.server.ports.announcements import Announcements
from nightdesk.server.ports.audit import AuditLog
from nightdesk.server.ports.catalogue import Catalogue
from nightdesk.server.ports.connections import Connections
from nightdesk.server.ports.errands import Errands
from nightdesk.server.ports.leaving import Leaving
from nightdesk.server.ports.metrics import Metrics
from nightdesk.server.ports.notifications import NoticeBook
from nightdesk.server.ports.pipelines import Pipelines
from nightdesk.server.ports.policies import Policies as PolicyRecords
from nightdesk.server.ports.reports import Reports
from nightdesk.server.ports.retention import Retention
from nightdesk.server.ports.schedules import Schedules
from nightdesk.server.ports.sharing import Sharing
from nightdesk.server.ports.sweeps import Sweeps
from nightdesk.server.ports.use import UseRecords

NO_POLICIES = Policies()
NO_CELLS: Mapping[int, CellTime] = MappingProxyType({})
NO_LIMITS: Mapping[Limit, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of a run's log. ``start`` is its place, in characters, in the log of its attempt."""

    number: int
    start: int
    stream: str  # stdout, stderr or system
    cell: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Somebody who sees their own runs and those that were submitted in these groups."""

    name: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list, newest first. ``before`` continues an earlier list.

    ``seen_by`` leaves out what a person may not see: None for everything.

    ``name`` is the run's own; with a ``*`` in it, which stands for any characters, case does not count.
    ``since`` and ``until`` are seconds since 1970 and about when it was submitted: from then on, before then.
    """

    owner: str | None = None
    status: Status | None = None
    name: str | None = None
    environment: str | None = None
    version: str | None = None
    sweep: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 50
    before: tuple[float, str] | None = None
    seen_by: Audience | None = None


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker's last sign of life."""

    name: str
    slots: int
    seen_at: float
    beat: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run takes: cores in use since the sample before, bytes of memory, bytes in its folder."""

    at: float
    cpus: float
    memory_bytes: int
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What has to be known about somebody who hands over a run, at one moment.

    ``waiting`` counts their queued runs; ``expected_seconds`` is how long their runs of this name took of late (the
    median of five), None without any; ``now`` is the database's time. For who has a limit on it: ``run_seconds`` is
    for how long their runs have run this month, ``home_bytes`` what their home held when somebody looked.
    """

    now: float
    waiting: int
    expected_seconds: float | None
    versions: list[Version]
    run_seconds: float = 0.0
    home_bytes: int | None = None


class Records(
    Catalogue,
    AuditLog,
    Leaving,
    PolicyRecords,
    UseRecords,
    Announcements,
    Metrics,
    Reports,
    NoticeBook,
    Schedules,
    Connections,
    Errands,
    Retention,
    Pipelines,
    Sweeps,
    Sharing,
    Protocol,
):
    """The database. Every method is one transaction; times are on its own clock.

    Methods raise ``Unavailable`` when the database does not answer.
    """

    def now(self) -> float:
        """Seconds since 1970, UTC, on the database's clock."""

    def uptime(self) -> float:
        """Seconds since the machine's start: for measuring how long something takes; nobody sets this clock."""

    # runs
    def add_run(self, run: Run, inputs: Mapping[str, bytes] | None = None) -> tuple[Run, bool]:
        """Put a run on record, with small inputs by name; the earlier one and False where owner and key are known.

        Raises:
            Conflict: its version has just been removed.
        """

    def run_input(self, run_id: str, name: str) -> bytes | None:
        """One of the inputs that were put on record with a run."""

    def run_inputs(self, run_id: str) -> list[str]:
        """The names of the inputs that were put on record with a run."""

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

    def standing(self, owner: str, name: str, limits: Mapping[Limit, float] = NO_LIMITS) -> Standing:
        """What a submit of this person under this name goes by; ``limits`` are those that the person has."""

    def history(self, run_id: str) -> list[RunChange]:
        """Every change of the run's status and of who cares for it, oldest first."""

    # the queue
    def offer(self, limits: Policies, alive_seconds: float, again_seconds: float) -> list[str]:
        """Choose queued runs for the free slots (see ``domain.queue``) and note that they were offered.

        Free slots are those of workers seen in the last ``alive_seconds``, less what is going on.
        A run that was offered and not picked up within ``again_seconds`` is offered again.
        """

    def line(self, alive_seconds: float, limits: Policies = NO_POLICIES) -> Line:
        """The queue as it stands now, with what these limits count, without runs that wait for their next attempt's time."""

    def claim(self, run_id: str, worker: str) -> Run | None:
        """Take a queued run; None when somebody else has it, or it has to wait still."""

    def orphans(self, alive: set[str]) -> list[Run]:
        """Live runs that no worker of these names cares for."""

    def adopt(self, run: Run, worker: str, beat: int | None) -> Run | None:
        """Take a live run over from the worker it names; None when it is not as ``run`` has it.

        ``beat`` is the count at which that worker stood still: one that has moved since keeps its run.
        """

    def held(self, worker: str) -> list[Run]:
        """The live runs of this worker."""

    def release(self, run: Run) -> None:
        """Let somebody else care for a live run; nothing where it is another's already."""

    def let_go(self, worker: str) -> None:
        """This worker leaves: its runs are to be adopted at once, its slots are no more."""

    def beat(self, worker: str, slots: int, memory_bytes: int) -> None:
        """A worker's sign of life, and what its runs may take together."""

    def workers(self) -> list[WorkerSeen]:
        """Every worker with its last sign of life."""

    def forget_workers(self, seen_before: float) -> None:
        """Forget workers that gave no sign since then."""

    # resource use
    def add_usage(self, run: Run, sample: Usage) -> None:
        """Note what the run takes now."""

    def usage(self, run: Run, after: float = 0.0) -> list[Usage]:
        """What the run's attempt took, oldest first."""

    def latest_usage(self, run: Run) -> Usage | None:
        """What the run's attempt took last; None before anybody looked."""

    def drop_usage(self, ended_before: float) -> int:
        """Forget what runs took that ended before then."""

    # log and outputs
    def add_log(self, run: Run, chunks: list[LogChunk]) -> None:
        """Append to the log of the run's attempt; numbers already there are left as they are.

        Raises:
            FenceLost: the run is somebody else's now.
        """

    def log(self, run: Run, start: int = 0, limit: int = 500) -> list[LogChunk]:
        """Pieces of the attempt's log from the character ``start`` on."""

    def log_end(self, run: Run) -> tuple[int, int]:
        """The last number and the length in characters of what is on record of the attempt's log."""

    def drop_logs(self, ended_before: float) -> int:
        """Forget log pieces of runs that ended before then: their log.txt is in the store."""

    def set_outputs(self, run: Run, outputs: list[Output], cells: Mapping[int, CellTime] = NO_CELLS) -> None:
        """Put on record what the attempt left, and how its cells went.

        Raises:
            FenceLost: the run is somebody else's now.
        """

    def add_output(self, run: Run, output: Output) -> None:
        """Put one more file of the attempt on record, such as a page that was made later."""

    def outputs(self, run_ids: list[str], attempt: int | None = None) -> dict[str, list[Output]]:
        """Outputs of the runs' current attempts, or of this one."""
