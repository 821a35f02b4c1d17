"""What people have of the machine and had in a month, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from nightdesk.server.domain.csv_text import csv_text
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Limit
from nightdesk.server.domain.retention import StoreUse
from nightdesk.server.domain.use import Had, Held, Home, Month
from nightdesk.server.ports.records import Records

RUN, SESSION = "run", "session"
NO_GROUP = "(in no group)"
_MONTHS = 6
WARN_AT = 0.9


class By(StrEnum):
    """What a table has a row for."""

    PERSON = "person"
    GROUP = "group"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Row:
    """What somebody, or something, had: hours from start to end; core- and GB-hours by their sizes."""

    name: str
    runs: int = 0
    sessions: int = 0
    run_hours: float = 0.0
    session_hours: float = 0.0
    cpu_hours: float = 0.0
    gb_hours: float = 0.0

    def and_(self, had: Had) -> Row:
        """With that added."""
        hours, run = had.seconds / 3600, had.kind == RUN
        return Row(
            self.name,
            self.runs + (had.count if run else 0),
            self.sessions + (0 if run else had.count),
            self.run_hours + (hours if run else 0.0),
            self.session_hours + (0.0 if run else hours),
            self.cpu_hours + had.cpu_seconds / 3600,
            self.gb_hours + had.byte_seconds / 2**30 / 3600,
        )


@dataclass(frozen=True, slots=True)
class Bar:
    """A month with what was had in each environment, for a chart."""

    month: Month
    rows: tuple[Row, ...]

    @property
    def cpu_hours(self) -> float:
        """All of it."""
        return sum(row.cpu_hours for row in self.rows)


@dataclass(frozen=True, slots=True)
class Mine:
    """One person's use, and how much of it they may have."""

    person: str
    month: Month
    sessions: Held
    runs: Held
    home: Home | None
    limits: dict[Limit, float]
    rows: tuple[Row, ...]
    months: tuple[Bar, ...]
    run_hours: float
    store: StoreUse

    @property
    def home_nearly_full(self) -> bool:
        """It is time to say so."""
        most = self.limits.get(Limit.HOME)
        return bool(most) and self.home is not None and self.home.bytes >= WARN_AT * (most or 0)


@dataclass(frozen=True, slots=True)
class Everybody:
    """A month by person, group or environment; by person with what they have now, and their homes."""

    month: Month
    by: By
    rows: tuple[Row, ...]
    now: dict[str, Held]
    homes: dict[str, Home]
    store: dict[str, StoreUse]


def mine(records: Records, person: Person, month: Month | None = None) -> Mine:
    """What a person has, had in a month (left out: this one), and in the months before."""
    this = Month.of(records.now())
    month = month or this
    held, name = records.in_use(person.name), person.name
    bars = []
    one = month
    for _ in range(_MONTHS):
        bars.append(Bar(one, _table(records.had(one.start, one.end, name), lambda had: [had.environment])))
        one = one.before
    rows = bars[0].rows
    return Mine(
        name,
        month,
        held.get((name, SESSION), Held()),
        held.get((name, RUN), Held()),
        records.home(name),
        dict(person.rights.limits),
        rows,
        tuple(reversed(bars)),
        sum(row.run_hours for row in rows),
        records.store_use(name).get(name, StoreUse()),
    )


def everybody(records: Records, by: By, month: Month | None = None, names: Iterable[str] = ()) -> Everybody:
    """What all had in a month; ``names`` are people who have a row in any case."""
    month = month or Month.of(records.now())
    had = records.had(month.start, month.end)
    keys: dict[By, Callable[[Had], Iterable[str]]] = {
        By.PERSON: lambda one: [one.person],
        By.GROUP: lambda one: one.groups or (NO_GROUP,),
        By.ENVIRONMENT: lambda one: [one.environment],
    }
    rows = _table(had, keys[by])
    if by is not By.PERSON:
        return Everybody(month, by, rows, {}, {}, {})
    homes = {home.person: home for home in records.homes()}
    now: dict[str, Held] = {}
    for (person, _), held in records.in_use().items():
        now[person] = now.get(person, Held()) + held
    known = {row.name for row in rows}
    store = records.store_use()
    more = tuple(Row(name) for name in sorted({*names, *homes, *now, *store} - known))
    return Everybody(month, by, (*rows, *more), now, homes, store)


def mine_as_csv(use: Mine) -> str:
    """A line for each month and environment."""
    rows = [(str(bar.month), *_cells(row)) for bar in use.months for row in bar.rows]
    return csv_text(("month", "environment", *_TITLES), rows)


def everybody_as_csv(use: Everybody) -> str:
    """A line for each row of the table."""
    titles = ["month", use.by.value, *_TITLES]
    if use.by is By.PERSON:
        titles += ["cores_now", "memory_bytes_now", "home_bytes", "store_bytes"]
    rows = []
    for row in use.rows:
        cells: list[str | float | int | None] = [str(use.month), *_cells(row)]
        if use.by is By.PERSON:
            now, home = use.now.get(row.name, Held()), use.homes.get(row.name)
            cells += [now.cpus, now.memory_bytes, None if home is None else home.bytes]
            cells.append(use.store.get(row.name, StoreUse()).bytes)
        rows.append(cells)
    return csv_text(titles, rows)


_TITLES = ("runs", "sessions", "run_hours", "session_hours", "core_hours", "gb_hours")


def _cells(row: Row) -> tuple[str | float | int, ...]:
    return (
        row.name,
        row.runs,
        row.sessions,
        row.run_hours,
        row.session_hours,
        row.cpu_hours,
        row.gb_hours,
    )


def _table(had: Iterable[Had], names: Callable[[Had], Iterable[str]]) -> tuple[Row, ...]:
    """The largest first."""
    rows: dict[str, Row] = {}
    for one in had:
        for name in names(one):
            rows[name] = rows.get(name, Row(name)).and_(one)
    return tuple(sorted(rows.values(), key=lambda row: (-row.cpu_hours, row.name)))
