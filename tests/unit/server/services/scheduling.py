"""Schedules on a bench: made with few words, looked at by a scheduler at a time that the test says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status
from nightdesk.server.domain.schedule import Rules, Schedule, Tick, Wishes
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.services.schedules import Given, NewSchedule, WhenWanted, make_schedule
from nightdesk.server.services.ticking import Clockwork, look

from ..workbench import ADA, BOB, ROOT, Bench, code, notebook

NOTEBOOK = notebook(code("as_of = ''", "parameters"), code("print(as_of)"))


def moment(text: str) -> float:
    """Seconds since 1970 of a time in ISO 8601."""
    return datetime.fromisoformat(text).timestamp()


class Scheduling:
    """A bench with a scheduler."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.people = MemoryPeople({f"token-{each.name}": each for each in (ADA, BOB, ROOT)})
        self.told: list[Any] = []
        self.clock = Clockwork(
            bench.records,
            bench.store,
            bench.settings,
            bench.parts.policies,
            self.people,
            lambda _, told: self.told.extend(told),
        )

    def make(
        self,
        cron: str | None = "0 6 * * *",
        *,
        every: float | None = None,
        zone: str = "UTC",
        at: float | None = None,
        person: Person = ADA,
        name: str = "nightly",
        source: bytes = NOTEBOOK,
        rules: dict[str, Any] | None = None,
        given: Given | None = None,
        **wishes: Any,
    ) -> Schedule:
        """A schedule of ada's; ``at`` is when it was made."""
        wishes = {"file": "analysis.ipynb", "environment": "", **wishes}
        wanted = NewSchedule(
            WhenWanted(cron if every is None else None, every, zone),
            Wishes(**wishes),
            Rules(**(rules or {})),
            name,
        )
        made = make_schedule(self.clock, person, wanted, given or Given(source))
        if at is None:
            return made

        def as_of(before: Schedule, _now: float) -> Schedule:
            table = replace(before.timetable, anchor=int(at) if every else 0)
            return replace(before, timetable=table, next_at=table.after(at))

        note = made_note()
        found = self.bench.records.change_schedule(made.id, as_of, note)
        assert found is not None
        return found

    def look(self, at: str | float) -> int:
        """One look at this time: how many runs it queued."""
        return look(self.clock, moment(at) if isinstance(at, str) else at).queued

    def ticks(self, schedule: Schedule) -> list[Tick]:
        """Oldest first."""
        return self.bench.records.ticks(schedule.id, 100_000)[::-1]

    def states(self, schedule: Schedule) -> list[str]:
        """What became of its ticks, oldest first."""
        return [tick.state.value for tick in self.ticks(schedule)]

    def now(self, schedule: Schedule) -> Schedule:
        """The schedule as it is."""
        found = self.bench.records.schedule(schedule.id)
        assert found is not None
        return found

    def end(self, status: Status = Status.SUCCEEDED) -> None:
        """All runs that wait are over, behind everybody's back."""
        at = self.bench.records.now()
        self.bench.set_runs(
            status=status, started_at=at - 10, finished_at=at, reason=None if status == "succeeded" else "no."
        )


def made_note() -> Any:
    from nightdesk.server.domain.audit import Note

    return Note("root", "schedule.changed", "x")
