"""What the services need of the database about schedules and their ticks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errand import Errand
from nightdesk.server.domain.pipeline import Pipeline
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.schedule import Alert, Going, Schedule, Tick
from nightdesk.server.domain.tick_record import Record


@dataclass(frozen=True, slots=True)
class StoredInput:
    """One input of a schedule: its content where it is small, else where it stands in the store."""

    content: bytes | None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduleFilter:
    """Which schedules to list, by name. ``after`` continues an earlier list: the last one's name and id."""

    owner: str | None = None
    name: str | None = None
    limit: int = 100
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """A tick with the run or pipeline that is made for it, and its inputs where they are small."""

    tick: Tick
    run: Run | None = None
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    waited: bool = False  # the tick is on record, and has waited
    pipeline: Pipeline | None = None
    fetched: bool = False  # the tick is on record, and its file has been fetched by now
    errand: Errand | None = None  # what is to be fetched before there can be a run

    @property
    def there(self) -> bool:
        """The tick is on record already."""
        return self.waited or self.fetched


@dataclass(frozen=True, slots=True)
class Decision:
    """What one scheduler decided about one schedule, to be recorded as a whole or not at all.

    It counts only if the schedule is still of the revision that ``before`` has. Ticks that are on record already are
    changed, others added. ``replaces``: whatever of the schedule goes on or waits is ended.
    """

    before: Schedule
    after: Schedule
    launches: tuple[Launch, ...]
    replaces: bool = False
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiters:
    """How many runs of these people wait at a moment, by name; those without any are left out."""

    now: float
    waiting: dict[str, int]


class Schedules(Protocol):
    """Schedules, ticks and alerts. Every method is one transaction."""

    def add_schedule(
        self, schedule: Schedule, inputs: Mapping[str, StoredInput], note: Note, most: int
    ) -> Schedule:
        """Put a schedule on record.

        Raises:
            Conflict: its owner has one of that name, or is disabled.
            TooMany: they have as many as they may.
        """

    def schedule(self, schedule_id: str) -> Schedule | None:
        """One schedule, or None."""

    def schedules(self, wanted: ScheduleFilter) -> list[Schedule]:
        """Schedules by name."""

    def change_schedule(
        self,
        schedule_id: str,
        change: Callable[[Schedule, float], Schedule],
        note: Note,
        inputs: Mapping[str, StoredInput] | None = None,
    ) -> Schedule | None:
        """Change a schedule whatever else happens to it meanwhile; None where it is gone.

        Raises:
            Conflict: its owner has another one of the new name.
        """

    def remove_schedule(self, schedule_id: str, note: Note) -> list[str]:
        """Forget a schedule with its ticks; the places in the store of its inputs. Its runs stay."""

    def schedule_inputs(self, schedule_ids: list[str]) -> dict[str, dict[str, StoredInput]]:
        """The inputs of schedules by name."""

    # ticks
    def due_schedules(self, now: float, limit: int) -> list[Schedule]:
        """Schedules that are due, those first that are longest."""

    def next_due(self) -> float | None:
        """When the next one is due."""

    def going(self, schedule_ids: list[str]) -> dict[str, Going]:
        """What of these schedules is not over."""

    def ready(self, limit: int) -> list[tuple[Schedule, Tick]]:
        """Of schedules of which no run goes on, the oldest tick that waits."""

    def add_waiting(self, schedule_id: str, by: str, note: Note) -> Tick | None:
        """A tick of this moment, which somebody asked for; it waits to be run."""

    def add_push(self, schedule_id: str, mark: str, by: str, note: Note) -> tuple[Tick | None, bool]:
        """As :meth:`add_waiting`, once for each ``mark``; the tick that it made, and whether it is new.

        None where the schedule is gone, or as many of its ticks wait as may.
        """

    def decide(self, decisions: list[Decision]) -> list[Decision]:
        """Record ticks, their runs and what becomes of the schedules, in one transaction; those that counted.

        A run whose owner is disabled, or whose version was removed meanwhile, is refused here, and its decision
        returned with that tick.
        """

    def settle(self, limit: int) -> tuple[int, list[Alert]]:
        """Write to ticks what became of their runs: of how many, and what owners are to be told of failures."""

    def ticks(self, schedule_id: str, limit: int, before: float | None = None) -> list[Tick]:
        """Ticks of a schedule, newest first."""

    def record_of(self, schedule_id: str, since: float) -> Record:
        """How its ticks ended that were due since then."""

    def waiters(self, owners: list[str]) -> Waiters:
        """How many runs of these people wait."""

    # alerts
    def alerts(self, owner: str, limit: int = 5) -> list[Alert]:
        """What somebody has not put away yet, newest first."""

    def put_alerts_away(self, owner: str) -> int:
        """Somebody has seen theirs."""

    # people
    def pause_schedules_of(self, owner: str, by: str, why: str) -> int:
        """Nothing of this person is due any more; what waits is skipped."""

    def move_schedules(self, owner: str, heir: str, groups: tuple[str, ...], by: str, why: str) -> int:
        """Another person owns them from now on; they are paused until that one resumes them."""
