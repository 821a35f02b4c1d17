"""The part of the port ``Records`` that is the queue: who comes next, and which worker has what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Subquery, and_, delete, func, insert, or_, select, update

from nightdesk.config import Limits
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.run_rows import from_row, note, one
from nightdesk.server.adapters.schema import runs, workers
from nightdesk.server.domain.queue import Room, Taker, choose, reason
from nightdesk.server.domain.run import LONGEST_RETRY_WAIT, Run, Status
from nightdesk.server.ports.records import WorkerSeen

ALIVE = (Status.STARTING, Status.RUNNING)
_ALIVE, _QUEUED = runs.c.status.in_(ALIVE), runs.c.status == Status.QUEUED
_TAKER = (runs.c.id, runs.c.owner, runs.c.groups, runs.c.memory_bytes)


class QueueSql:
    """Offers, claims, and signs of life."""

    _database: Database

    def offer(self, limits: Limits, alive_seconds: float, again_seconds: float) -> list[str]:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            room = _room(connection, now, alive_seconds)
            going = _going(connection, now, again_seconds)
            free = room.slots - len(going)
            if free <= 0:
                return []
            order = _order(now, again_seconds)
            # Of nobody more than could start now: those behind them cannot be chosen.
            query = select(order).where(order.c.place < free).order_by(*_turns(order))
            chosen = choose([_taker(row) for row in connection.execute(query)], going, room, limits)
            if chosen:
                connection.execute(update(runs).where(runs.c.id.in_(chosen)).values(offered_at=now))
            return chosen

    def waiting_for(self, limits: Limits, alive_seconds: float, run_ids: list[str]) -> dict[str, str]:
        if not run_ids:
            return {}
        with self._database.reading() as connection:
            now = self._database.now(connection)
            order = _order(now, None)
            ahead = func.row_number().over(order_by=_turns(order)) - 1
            placed = select(order, ahead.label("ahead")).subquery()
            rows = connection.execute(select(placed).where(placed.c.id.in_(run_ids))).all()
            if not rows:
                return {}
            room = _room(connection, now, alive_seconds)
            going = [_taker(row) for row in connection.execute(select(*_TAKER).where(_ALIVE)).all()]
        return {row.id: reason(_taker(row), row.ahead, going, room, limits) for row in rows}

    def waiting_count(self, owner: str) -> int:
        query = select(func.count()).select_from(runs).where(runs.c.owner == owner, _QUEUED)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def claim(self, run_id: str, worker: str) -> Run | None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
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


def _due(now: float) -> Any:
    """Not backing off. Nobody waits longer than that: a time beyond was set before the clock was set back."""
    not_before = runs.c.not_before
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


def _going(connection: Connection, now: float, again_seconds: float) -> list[Taker]:
    """What goes on, and what was offered a moment ago. Two queries, each with an index of its own."""
    offered = and_(_QUEUED, runs.c.offered_at.is_not(None), _recent(runs.c.offered_at, now, again_seconds))
    rows = [*connection.execute(select(*_TAKER).where(_ALIVE))]
    rows += connection.execute(select(*_TAKER).where(offered))
    return [_taker(row) for row in rows]


def _order(now: float, again_seconds: float | None) -> Subquery:
    """Queued runs with what :func:`_turns` orders by; without those offered a moment ago."""
    waiting: Any = and_(_QUEUED, _due(now))
    going: Any = _ALIVE
    if again_seconds is not None:
        fresh = and_(runs.c.offered_at.is_not(None), _recent(runs.c.offered_at, now, again_seconds))
        waiting, going = and_(waiting, ~fresh), or_(_ALIVE, and_(_QUEUED, fresh))
    theirs = select(runs.c.owner, func.count().label("going")).where(going).group_by(runs.c.owner).subquery()
    place = func.row_number().over(
        partition_by=runs.c.owner, order_by=(runs.c.rank, runs.c.created_at, runs.c.id)
    )
    return (
        select(*_TAKER, runs.c.rank, runs.c.created_at, (place - 1).label("place"), theirs.c.going)
        .select_from(runs.outerjoin(theirs, theirs.c.owner == runs.c.owner))
        .where(waiting)
        .subquery()
    )


def _turns(order: Subquery) -> tuple[Any, ...]:
    urgent = (order.c.rank < 0).desc()
    turn = order.c.place + func.coalesce(order.c.going, 0)
    return (urgent, turn, order.c.created_at, order.c.id)


def _taker(row: Any) -> Taker:
    return Taker(row.id, row.owner, tuple(row.groups), row.memory_bytes)
