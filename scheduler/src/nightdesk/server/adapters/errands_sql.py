"""The part of the port ``Records`` that keeps errands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.errand_tables import errands
from nightdesk.server.adapters.schema import workers
from nightdesk.server.domain.errand import Errand, ErrandKind, ErrandState

_SAME = ("id", "owner", "wanted", "connection", "schedule_id", "tick_at", "tries", "answer")
_COMES_AGAIN = or_(errands.c.schedule_id.is_not(None), errands.c.kind == ErrandKind.STATUS)


class ErrandsSql:
    """Errands."""

    _database: Database

    def add_errand(self, errand: Errand) -> None:
        with self._database.writing() as connection:
            put(connection, [errand], self._database.now(connection))

    def locked_errands(self, limit: int) -> list[Errand]:
        query = (
            select(errands)
            .where(errands.c.state == ErrandState.LOCKED)
            .order_by(errands.c.due_at)
            .limit(limit)
        )
        with self._database.reading() as connection:
            if connection.execute(query.limit(1)).first() is None:  # looked for each second
                return []
            now = self._database.now(connection)
            return [_errand(row) for row in connection.execute(query.where(errands.c.due_at <= now))]

    def unlock_errand(self, errand: Errand) -> bool:
        with self._database.writing() as connection:
            mine = update(errands).where(errands.c.id == errand.id, errands.c.state == ErrandState.LOCKED)
            values = {"wanted": errand.wanted, "sealed": errand.sealed or None, "answer": errand.answer}
            return connection.execute(mine.values(state=ErrandState.READY, **values)).rowcount == 1

    def take_errand(self, worker: str) -> Errand | None:
        open_ones = or_(
            errands.c.state == ErrandState.READY,
            and_(
                errands.c.state == ErrandState.TAKEN,
                errands.c.worker.not_in(select(workers.c.name)),
                _COMES_AGAIN,
            ),
        )
        with self._database.reading() as connection:  # looked for each second: a writer's turn is dear
            if connection.execute(select(errands.c.id).where(open_ones).limit(1)).first() is None:
                return None
            due = open_ones & (errands.c.due_at <= self._database.now(connection))
            if connection.execute(select(errands.c.id).where(due).limit(1)).first() is None:
                return None
        with self._database.writing() as connection:
            now = self._database.now(connection)
            _left_behind(connection)
            ready = select(errands).where(errands.c.state == ErrandState.READY, errands.c.due_at <= now)
            row = connection.execute(ready.order_by(errands.c.due_at).limit(1).with_for_update()).first()
            if row is None:
                return None
            mine = update(errands).where(errands.c.id == row.id)
            values = {"state": ErrandState.TAKEN, "sealed": None, "worker": worker, "tries": row.tries + 1}
            connection.execute(mine.values(**values))
            return _errand(row)

    def answer_errand(self, errand_id: str, answer: Mapping[str, Any]) -> None:
        with self._database.writing() as connection:
            mine = update(errands).where(errands.c.id == errand_id)
            connection.execute(mine.values(state=ErrandState.DONE, answer=dict(answer), sealed=None))

    def errand_again(self, errand_id: str, seconds: float) -> None:
        with self._database.writing() as connection:
            due = self._database.now(connection) + seconds
            for locked, state in ((True, ErrandState.LOCKED), (False, ErrandState.READY)):
                with_it = errands.c.connection.is_not(None) if locked else errands.c.connection.is_(None)
                mine = update(errands).where(errands.c.id == errand_id, with_it)
                connection.execute(mine.values(state=state, due_at=due, worker=None))

    def errand(self, errand_id: str) -> Errand | None:
        with self._database.reading() as connection:
            row = connection.execute(select(errands).where(errands.c.id == errand_id)).first()
            return None if row is None else _errand(row)

    def drop_errand(self, errand_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(errands).where(errands.c.id == errand_id))

    def old_errands(self, older_than_seconds: float) -> list[str]:
        over = or_(errands.c.state == ErrandState.DONE, ~_COMES_AGAIN)
        with self._database.reading() as connection:
            before = self._database.now(connection) - older_than_seconds
            query = select(errands.c.id).where(errands.c.created_at < before, over)
            return list(connection.scalars(query.limit(500)))


def put(connection: Connection, wanted: list[Errand], now: float) -> None:
    """Write errands down, in a transaction that goes on."""
    rows = [
        {name: getattr(errand, name) for name in _SAME}
        | {"kind": errand.kind, "state": errand.state, "sealed": errand.sealed or None}
        | {"worker": None, "created_at": now, "due_at": now}
        for errand in wanted
    ]
    if rows:
        connection.execute(insert(errands), rows)


def _left_behind(connection: Connection) -> None:
    """What a worker had taken that is gone. Its login is gone with it: that is sealed anew."""
    gone = update(errands).where(
        errands.c.state == ErrandState.TAKEN, errands.c.worker.not_in(select(workers.c.name)), _COMES_AGAIN
    )
    connection.execute(gone.where(errands.c.connection.is_(None)).values(state=ErrandState.READY))
    connection.execute(gone.where(errands.c.connection.is_not(None)).values(state=ErrandState.LOCKED))


def _errand(row: Any) -> Errand:
    return Errand(
        kind=ErrandKind(row.kind),
        state=ErrandState(row.state),
        sealed=row.sealed or "",
        **{name: getattr(row, name) for name in _SAME},
    )
