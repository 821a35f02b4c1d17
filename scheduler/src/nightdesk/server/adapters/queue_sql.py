"""The part of the port ``Records`` that is the queue: who comes next, and which worker has what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, not_, or_, select, update

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.run_rows import from_row, note, one
from nightdesk.server.adapters.schema import runs, workers
from nightdesk.server.adapters.sweep_turns import has_turn, limits_of_sweeps, not_held_back
from nightdesk.server.adapters.use_sql import seconds_of_runs, sessions_held
from nightdesk.server.domain.policy import Limit, Policies
from nightdesk.server.domain.queue import Elsewhere, Line, Room, Taker, Waiting
from nightdesk.server.domain.run import LONGEST_RETRY_WAIT, Run, Status
from nightdesk.server.domain.use import Month
from nightdesk.server.ports.records import NO_POLICIES, WorkerSeen

ALIVE = (Status.STARTING, Status.RUNNING)
_ALIVE, _QUEUED = runs.c.status.in_(ALIVE), runs.c.status == Status.QUEUED
_STARTED = [status for status in Status if status is not Status.QUEUED]
_TAKER = (runs.c.id, runs.c.owner, runs.c.groups, runs.c.memory_bytes, runs.c.cpus, runs.c.sweep_id)
WAITING_COUNT = select(func.count()).select_from(runs).where(runs.c.owner == bindparam("owner"), _QUEUED)
_WAITING = (*_TAKER, runs.c.rank, runs.c.created_at)
_STORM = 30  # submits within a second: answering them takes what the machine has
_LONG_STORM = 10.0  # seconds


class QueueSql:
    """Offers, claims, and signs of life."""

    _database: Database

    def offer(self, limits: Policies, alive_seconds: float, again_seconds: float) -> list[str]:
        with self._database.reading() as connection:  # mostly nothing is free: no writer waits for that
            now = self._database.now(connection)
            room = _room_for_new(connection, now, alive_seconds)
            if room.slots <= len(_going(connection, now, again_seconds)):
                return []
        with self._database.writing() as connection:
            now = self._database.now(connection)
            room = _room_for_new(connection, now, alive_seconds)
            going = _going(connection, now, again_seconds)
            free = room.slots - len(going)
            if free <= 0:
                return []
            # Of nobody more than could start now: those behind them cannot be chosen.
            limited = limits_of_sweeps(connection)
            first = _first_of_each(connection, free, now, again_seconds, limited, going)
            candidates = [_waiting(row) for row in connection.execute(first)]
            elsewhere = _elsewhere(connection, {one.owner for one in candidates}, limits, now, limited)
            line = Line(candidates, going, room, _served(connection, now), elsewhere)
            chosen = line.choose(limits)
            if chosen:
                connection.execute(update(runs).where(runs.c.id.in_(chosen)).values(offered_at=now))
            return chosen

    def line(self, alive_seconds: float, limits: Policies = NO_POLICIES) -> Line:
        with self._database.reading() as connection:
            now = self._database.now(connection)
            room = _room(connection, now, alive_seconds)
            going = [_taker(row) for row in connection.execute(select(*_TAKER).where(_ALIVE))]
            waiting = [
                _waiting(row) for row in connection.execute(select(*_WAITING).where(_QUEUED, _due(now)))
            ]
            elsewhere = _elsewhere(
                connection, {one.owner for one in waiting}, limits, now, limits_of_sweeps(connection)
            )
            return Line(waiting, going, room, _served(connection, now), elsewhere)

    def claim(self, run_id: str, worker: str) -> Run | None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            if not has_turn(connection, run_id):
                return None
            done = connection.execute(
                update(runs)
                .where(runs.c.id == run_id, _QUEUED, _due(now))
                .values(
                    status=Status.STARTING,
                    worker=worker,
                    fence=runs.c.fence + 1,
                    offered_at=None,
                    not_before=None,
                    reason=None,
                )
            )
            return _taken(connection, run_id, now) if done.rowcount == 1 else None

    def orphans(self, alive: set[str]) -> list[Run]:
        query = select(runs).where(_ALIVE, or_(runs.c.worker.is_(None), runs.c.worker.not_in(alive)))
        with self._database.reading() as connection:
            return [from_row(row) for row in connection.execute(query)]

    def adopt(self, run: Run, worker: str, beat: int | None) -> Run | None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            if beat is not None:
                moved = select(workers.c.beat).where(workers.c.name == run.worker)
                if connection.execute(moved).scalar_one_or_none() not in {beat, None}:
                    return None
            same = runs.c.worker.is_(None) if run.worker is None else runs.c.worker == run.worker
            done = connection.execute(
                update(runs)
                .where(runs.c.id == run.id, runs.c.fence == run.fence, _ALIVE, same)
                .values(worker=worker, fence=runs.c.fence + 1)
            )
            return _taken(connection, run.id, now) if done.rowcount == 1 else None

    def held(self, worker: str) -> list[Run]:
        with self._database.reading() as connection:
            query = select(runs).where(runs.c.worker == worker, _ALIVE)
            return [from_row(row) for row in connection.execute(query)]

    def release(self, run: Run) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(runs).where(runs.c.id == run.id, runs.c.fence == run.fence, _ALIVE).values(worker=None)
            )

    def let_go(self, worker: str) -> None:
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.worker == worker, _ALIVE).values(worker=None))
            connection.execute(delete(workers).where(workers.c.name == worker))

    def beat(self, worker: str, slots: int, memory_bytes: int) -> None:
        with self._database.writing() as connection:
            values = {"slots": slots, "memory_bytes": memory_bytes, "seen_at": self._database.now(connection)}
            mine = update(workers).where(workers.c.name == worker)
            if connection.execute(mine.values(**values, beat=workers.c.beat + 1)).rowcount == 0:
                connection.execute(insert(workers).values(name=worker, **values, beat=1))

    def workers(self) -> list[WorkerSeen]:
        with self._database.reading() as connection:
            return [
                WorkerSeen(row.name, row.slots, row.seen_at, row.beat, row.memory_bytes)
                for row in connection.execute(select(workers))
            ]

    def forget_workers(self, seen_before: float) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(workers).where(workers.c.seen_at < seen_before))


def _taken(connection: Connection, run_id: str, now: float) -> Run:
    run = one(connection, run_id)
    assert run is not None  # noqa: S101 - it was updated in this transaction
    note(connection, run, now)
    return run


def _due(now: float, table: Any = runs) -> Any:
    """Not backing off. Nobody waits longer than that: a time beyond was set before the clock was set back."""
    not_before = table.c.not_before
    return or_(not_before.is_(None), not_before <= now, not_before > now + LONGEST_RETRY_WAIT)


def _recent(column: Any, now: float, seconds: float) -> Any:
    """Noted in the last so many seconds. What lies in the future was noted before the clock was set back."""
    return and_(column > now - seconds, column <= now)


def _room(connection: Connection, now: float, alive_seconds: float) -> Room:
    query = select(
        func.coalesce(func.sum(workers.c.slots), 0), func.coalesce(func.sum(workers.c.memory_bytes), 0)
    ).where(_recent(workers.c.seen_at, now, alive_seconds))
    slots, memory = connection.execute(query).one()
    return Room(int(slots), int(memory))


def _room_for_new(connection: Connection, now: float, alive_seconds: float) -> Room:
    """The same for runs to be started: none while submits storm in, whose answers people wait for.

    A storm of more than ten seconds leaves them half of the slots.
    """
    room = _room(connection, now, alive_seconds)
    if not _storms(connection, now):
        return room
    return replace(room, slots=(room.slots + 1) // 2 if _storms(connection, now - _LONG_STORM) else 0)


def _storms(connection: Connection, at: float) -> bool:
    by_hand = runs.c.sweep_id.is_(None)  # nobody waits for an answer to each run of a sweep
    late = select(runs.c.id).where(_recent(runs.c.created_at, at, 1.0), by_hand).limit(_STORM).subquery()
    return bool(connection.execute(select(func.count()).select_from(late)).scalar_one() >= _STORM)


def _going(connection: Connection, now: float, again_seconds: float) -> list[Taker]:
    """What goes on, and what was offered a moment ago. Two queries, each with an index of its own."""
    offered = and_(_QUEUED, runs.c.offered_at.is_not(None), _recent(runs.c.offered_at, now, again_seconds))
    rows = [*connection.execute(select(*_TAKER).where(_ALIVE))]
    rows += connection.execute(select(*_TAKER).where(offered))
    return [_taker(row) for row in rows]


def _first_of_each(
    connection: Connection,
    count: int,
    now: float,
    again_seconds: float,
    limited: Mapping[str, int],
    going: list[Taker],
) -> Select[Any]:
    """Of everybody so many queued runs, without those offered a moment ago and those that a sweep's limit keeps."""
    people = select(runs.c.owner).where(_QUEUED).distinct().subquery("people")
    theirs = runs.alias("theirs")
    fresh = and_(theirs.c.offered_at.is_not(None), _recent(theirs.c.offered_at, now, again_seconds))
    ready = and_(_due(now, theirs), not_(fresh))
    free = not_held_back(connection, limited, going, theirs, ready)
    first = (
        select(theirs.c.id)
        .where(
            theirs.c.status == Status.QUEUED,
            theirs.c.owner == people.c.owner,
            ready,
            *(() if free is None else (free,)),
        )
        .order_by(theirs.c.rank, theirs.c.created_at, theirs.c.id)
        .limit(count)
        .correlate(people)
        .scalar_subquery()
    )
    return select(*_WAITING).select_from(people.join(runs, runs.c.id.in_(first)))


def _served(connection: Connection, now: float) -> dict[str, float]:
    """When each of those who wait last had a run started: as the newest of each status says, by its index.

    A time that lies ahead was noted before the clock was set back, and says nothing.
    """
    found = connection.execute(_NEWEST_STARTED)
    times = {row[0]: [at for at in row[1:] if at is not None and at <= now] for row in found}
    return {owner: max(known) for owner, known in times.items() if known}


def _newest(people: Any, status: Status) -> Any:
    theirs = runs.alias(f"newest_{status.value}")
    return (
        select(theirs.c.started_at)
        .where(theirs.c.owner == people.c.owner, theirs.c.status == status)
        .order_by(theirs.c.created_at.desc(), theirs.c.id.desc())
        .limit(1)
        .correlate(people)
        .scalar_subquery()
    )


def _elsewhere(
    connection: Connection,
    owners: Iterable[str],
    limits: Policies,
    now: float,
    sweeps: Mapping[str, int],
) -> Elsewhere:
    """What else counts for people's limits; nothing is asked where nobody has such limits."""
    month = Month.of(now)
    shared = limits.sets(Limit.CPUS) or limits.sets(Limit.MEMORY)
    counted = sorted(owners) if limits.sets(Limit.RUN_HOURS) else []
    return Elsewhere(
        sessions_held(connection) if shared else {},
        {owner: seconds_of_runs(connection, owner, month.start, now) for owner in counted},
        month,
        sweeps,
    )


def _taker(row: Any) -> Taker:
    return Taker(row.id, row.owner, tuple(row.groups), row.memory_bytes, cpus=row.cpus, sweep=row.sweep_id)


def _waiting(row: Any) -> Waiting:
    return Waiting(
        row.id,
        row.owner,
        tuple(row.groups),
        row.memory_bytes,
        row.rank,
        row.created_at,
        cpus=row.cpus,
        sweep=row.sweep_id,
    )


_people = select(runs.c.owner).where(_QUEUED).distinct().subquery("people")
_NEWEST_STARTED = select(_people.c.owner, *(_newest(_people, status) for status in _STARTED))
