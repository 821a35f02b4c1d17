"""The part of the port ``Records`` about what people have of the machine, and had."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, delete, func, insert, or_, select, update

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.schema import homes, spans, turns
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.use import Had, Held, Home
from nightdesk.server.ports.use import SessionSeen

RUN, SESSION = "run", "session"
_STARTING_SECONDS = 120.0
_ADD = insert(spans)
_OPEN = spans.c.ended_at.is_(None)
_CLOSE_RUN = (
    update(spans)
    .where(
        spans.c.ref == bindparam("run_id"), spans.c.attempt == bindparam("number"), spans.c.kind == RUN, _OPEN
    )
    .values(ended_at=bindparam("at"))
)
_HOME = select(homes).where(homes.c.person == bindparam("person"))


def note_span(connection: Connection, before: Run, after: Run, now: float) -> None:
    """What a run's change of status means for what its owner has."""
    if after.status is Status.RUNNING:
        row = {
            "kind": RUN,
            "person": after.owner,
            "ref": after.id,
            "attempt": after.attempt,
            "groups": list(after.groups),
            "environment": after.environment,
            "version": after.version,
            "size": after.size,
            "cpus": after.cpus,
            "memory_bytes": after.memory_bytes,
            "started_at": now,
        }
        connection.execute(_ADD, row)
    elif before.status is Status.RUNNING:
        connection.execute(_CLOSE_RUN, {"run_id": before.id, "number": before.attempt, "at": now})


def seconds_of_runs(connection: Connection, person: str, start: float, now: float) -> float:
    """For how long a person's runs have run since ``start``."""
    theirs = select(func.sum(_seconds(start, now))).where(
        spans.c.person == person, spans.c.kind == RUN, _touches(start)
    )
    return float(connection.execute(theirs).scalar_one_or_none() or 0.0)


def home_of(connection: Connection, person: str) -> Home | None:
    """How large somebody's home is; None before anybody looked."""
    row = connection.execute(_HOME, {"person": person}).first()
    return None if row is None else Home(row.person, row.bytes, row.measured_at)


def sessions_held(connection: Connection) -> dict[str, Held]:
    """What sessions have now, by person."""
    return {person: held for (person, kind), held in _held(connection, None).items() if kind == SESSION}


class UseSql:
    """Spans, homes, and turns."""

    _database: Database

    def sessions_seen(self, sessions: list[SessionSeen]) -> set[str]:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            open_ones = {
                (row.person, row.ref): row
                for row in connection.execute(select(spans).where(spans.c.kind == SESSION, _OPEN))
            }
            ended = set()
            for one in sessions:
                known = open_ones.pop((one.person, one.name), None)
                if known is not None and _same(known, one):
                    continue
                if known is not None:  # another one by the same name
                    _close(connection, known.id, now if one.started_at is None else min(one.started_at, now))
                connection.execute(_ADD, _session_row(one, now))
            for row in open_ones.values():
                _close(connection, row.id, now)
                ended.add(str(row.person))
            return ended

    def in_use(self, person: str | None = None) -> dict[tuple[str, str], Held]:
        with self._database.reading() as connection:
            return _held(connection, person)

    def had(self, start: float, end: float, person: str | None = None) -> list[Had]:
        with self._database.reading() as connection:
            until = min(end, self._database.now(connection))
            seconds = _seconds(start, until)
            of = (spans.c.person, spans.c.kind, spans.c.environment, spans.c.groups)
            query = (
                select(
                    *of,
                    func.count().label("number"),
                    func.sum(seconds).label("seconds"),
                    func.sum(seconds * spans.c.cpus).label("cpu_seconds"),
                    func.sum(seconds * spans.c.memory_bytes).label("byte_seconds"),
                )
                .where(spans.c.started_at < until, _touches(start))
                .group_by(*of)
            )
            if person is not None:
                query = query.where(spans.c.person == person)
            return [
                Had(
                    row.person,
                    row.kind,
                    row.environment,
                    tuple(row.groups),
                    row.number,
                    max(row.seconds, 0.0),
                    max(row.cpu_seconds, 0.0),
                    max(row.byte_seconds, 0.0),
                )
                for row in connection.execute(query)
            ]

    def run_seconds(self, person: str, start: float) -> float:
        with self._database.reading() as connection:
            return seconds_of_runs(connection, person, start, self._database.now(connection))

    def home(self, person: str) -> Home | None:
        with self._database.reading() as connection:
            return home_of(connection, person)

    def homes(self) -> list[Home]:
        with self._database.reading() as connection:
            return [Home(row.person, row.bytes, row.measured_at) for row in connection.execute(select(homes))]

    def set_homes(self, sizes: dict[str, int]) -> None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            for person, size in sizes.items():
                connection.execute(delete(homes).where(homes.c.person == person))
                connection.execute(insert(homes).values(person=person, bytes=size, measured_at=now))

    def take_turn(self, name: str, every_seconds: float) -> bool:
        with self._database.reading() as connection:  # mostly it is nobody's turn: no writer waits for that
            now = self._database.now(connection)
            at = connection.execute(select(turns.c.at).where(turns.c.name == name)).scalar_one_or_none()
            if at is not None and now - every_seconds < at <= now:
                return False
        with self._database.writing() as connection:
            now = self._database.now(connection)
            mine = and_(turns.c.name == name, or_(turns.c.at <= now - every_seconds, turns.c.at > now))
            if connection.execute(update(turns).where(mine).values(at=now)).rowcount == 1:
                return True
            if connection.execute(select(turns.c.at).where(turns.c.name == name)).first() is not None:
                return False
            connection.execute(insert(turns).values(name=name, at=now))
            return True

    def wish_turn(self, name: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(turns).where(turns.c.name == name))
            connection.execute(insert(turns).values(name=name, at=0.0))

    def wished_turns(self, prefix: str) -> list[str]:
        like = turns.c.name.startswith(prefix, autoescape=True)
        with self._database.reading() as connection:
            names = list(connection.scalars(select(turns.c.name).where(like)))
        if names:
            with self._database.writing() as connection:
                connection.execute(delete(turns).where(turns.c.name.in_(names)))
        return [name.removeprefix(prefix) for name in names]


def _held(connection: Connection, person: str | None) -> dict[tuple[str, str], Held]:
    query = (
        select(
            spans.c.person, spans.c.kind, func.count(), func.sum(spans.c.cpus), func.sum(spans.c.memory_bytes)
        )
        .where(_OPEN)
        .group_by(spans.c.person, spans.c.kind)
    )
    if person is not None:
        query = query.where(spans.c.person == person)
    return {
        (row[0], row[1]): Held(int(row[2]), float(row[3]), int(row[4])) for row in connection.execute(query)
    }


def _session_row(one: SessionSeen, now: float) -> dict[str, Any]:
    return {
        "kind": SESSION,
        "person": one.person,
        "ref": one.name,
        "attempt": 0,
        "groups": list(one.groups),
        "environment": one.environment,
        "version": one.version,
        "size": one.size,
        "cpus": one.cpus,
        "memory_bytes": one.memory_bytes,
        "started_at": now if one.started_at is None else min(one.started_at, now),
    }


def _same(known: Any, one: SessionSeen) -> bool:
    """Whether it is the session on record; while it starts, the hub does not know yet since when it has been there."""
    since = one.started_at
    alike = (known.environment, known.version, known.size) == (one.environment, one.version, one.size)
    return alike and (since is None or abs(known.started_at - since) < _STARTING_SECONDS)


def _close(connection: Connection, span: int, at: float) -> None:
    """A clock that was set back leaves no span that ends before it began."""
    later = case((spans.c.started_at > at, spans.c.started_at), else_=at)
    connection.execute(update(spans).where(spans.c.id == span).values(ended_at=later))


def _touches(start: float) -> Any:
    return or_(_OPEN, spans.c.ended_at > start)


def _seconds(start: float, until: float) -> Any:
    """Of a span what lies in between, never less than nothing."""
    ended = func.coalesce(spans.c.ended_at, until)
    last = case((ended < until, ended), else_=until)
    first = case((spans.c.started_at > start, spans.c.started_at), else_=start)
    return case((last > first, last - first), else_=0.0)
