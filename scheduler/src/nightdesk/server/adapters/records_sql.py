"""The port ``Records`` over SQLAlchemy Core: runs and the queue. Log, outputs and environments are mixed in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from nightdesk.server.adapters.catalogue_sql import CatalogueSql
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.results_sql import ResultsSql
from nightdesk.server.adapters.schema import changes as change_table
from nightdesk.server.adapters.schema import runs, workers
from nightdesk.server.domain.errors import FenceLost
from nightdesk.server.domain.run import Run, RunError, Status, check_transition
from nightdesk.server.ports.records import RunFilter, WorkerSeen

_ALIVE = (Status.STARTING, Status.RUNNING)


class RecordsSql(ResultsSql, CatalogueSql):
    """The database behind the platform."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> float:
        with self._database.reading() as connection:
            return self._database.now(connection)

    def add_run(self, run: Run) -> tuple[Run, bool]:
        try:
            with self._database.writing() as connection:
                connection.execute(insert(runs).values(**_to_row(run)))
                _note(connection, run, run.created_at)
        except IntegrityError:
            known = self.run_by_key(run.owner, run.key) if run.key is not None else None
            if known is None:
                raise
            return known, False
        return run, True

    def run(self, run_id: str) -> Run | None:
        with self._database.reading() as connection:
            return _one(connection, run_id)

    def run_by_key(self, owner: str, key: str) -> Run | None:
        with self._database.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.owner == owner, runs.c.key == key)).first()
            return None if row is None else _from_row(row)

    def runs(self, wanted: RunFilter) -> list[Run]:
        query = select(runs).order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(wanted.limit)
        if wanted.owner is not None:
            query = query.where(runs.c.owner == wanted.owner)
        if wanted.status is not None:
            query = query.where(runs.c.status == wanted.status)
        if wanted.before is not None:
            at, last = wanted.before
            query = query.where(or_(runs.c.created_at < at, and_(runs.c.created_at == at, runs.c.id < last)))
        with self._database.reading() as connection:
            return [_from_row(row) for row in connection.execute(query)]

    def change(self, run: Run, **changes: Any) -> Run:
        new = changes.get("status", run.status)
        if new != run.status:
            check_transition(run.status, new)
        with self._database.writing() as connection:
            now = self._database.now(connection)
            values = dict(changes)
            if "error" in values:
                values.update(_error_row(values.pop("error")))
            if new != run.status:
                if new.final:
                    values.update(finished_at=now, worker=None, lease_until=None)
                if new is Status.RUNNING:
                    values.setdefault("started_at", now)
            done = connection.execute(
                update(runs)
                .where(
                    runs.c.id == run.id,
                    runs.c.attempt == run.attempt,
                    runs.c.fence == run.fence,
                    runs.c.status == run.status,
                )
                .values(**values)
            )
            if done.rowcount != 1:
                raise FenceLost(
                    f"run {run.id} (attempt {run.attempt}, fence {run.fence}) was changed by somebody else"
                )
            changed = _one(connection, run.id)
            assert changed is not None  # noqa: S101 - it was updated in this transaction
            if new != run.status:
                _note(connection, changed, now)
            return changed

    def request_cancel(self, run_id: str, by: str) -> Run | None:
        with self._database.writing() as connection:
            run = _one(connection, run_id)
            if run is None or run.final or run.cancel_requested_at is not None:
                return run
            now = self._database.now(connection)
            values: dict[str, Any] = {"cancel_requested_at": now, "cancelled_by": by}
            if run.status is Status.QUEUED:
                values.update(
                    status=Status.CANCELLED, finished_at=now, reason=f"Cancelled by {by} before it started."
                )
            connection.execute(update(runs).where(runs.c.id == run_id).values(**values))
            changed = _one(connection, run_id)
            assert changed is not None  # noqa: S101 - it was updated in this transaction
            if changed.final:
                _note(connection, changed, now)
            return changed

    def offer(self, alive_seconds: float, again_seconds: float) -> list[str]:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            slots = connection.execute(
                select(func.coalesce(func.sum(workers.c.slots), 0)).where(
                    workers.c.seen_at > now - alive_seconds
                )
            ).scalar_one()
            busy = connection.execute(
                select(func.count())
                .select_from(runs)
                .where(
                    or_(
                        runs.c.status.in_(_ALIVE),
                        and_(runs.c.status == Status.QUEUED, runs.c.offered_at > now - again_seconds),
                    )
                )
            ).scalar_one()
            if slots <= busy:
                return []
            chosen = list(
                connection.scalars(
                    select(runs.c.id)
                    .where(
                        runs.c.status == Status.QUEUED,
                        or_(runs.c.offered_at.is_(None), runs.c.offered_at <= now - again_seconds),
                    )
                    .order_by(runs.c.created_at, runs.c.id)
                    .limit(slots - busy)
                )
            )
            if chosen:
                connection.execute(update(runs).where(runs.c.id.in_(chosen)).values(offered_at=now))
            return chosen

    def queue_position(self, run: Run) -> int:
        before = or_(
            runs.c.created_at < run.created_at, and_(runs.c.created_at == run.created_at, runs.c.id < run.id)
        )
        with self._database.reading() as connection:
            query = select(func.count()).select_from(runs).where(runs.c.status == Status.QUEUED, before)
            return int(connection.execute(query).scalar_one())

    def claim(self, run_id: str, worker: str, lease_seconds: float) -> Run | None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            done = connection.execute(
                update(runs)
                .where(
                    runs.c.id == run_id,
                    or_(
                        runs.c.status == Status.QUEUED,
                        and_(runs.c.status.in_(_ALIVE), runs.c.lease_until <= now),
                    ),
                )
                .values(
                    worker=worker, lease_until=now + lease_seconds, fence=runs.c.fence + 1, offered_at=None
                )
            )
            if done.rowcount != 1:
                return None
            run = _one(connection, run_id)
            assert run is not None  # noqa: S101 - it was updated in this transaction
            if run.status is Status.QUEUED:
                connection.execute(update(runs).where(runs.c.id == run_id).values(status=Status.STARTING))
                run = _one(connection, run_id)
                assert run is not None  # noqa: S101 - it was updated in this transaction
            _note(connection, run, now)
            return run

    def renew(self, worker: str, run_ids: list[str], lease_seconds: float) -> list[Run]:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            # A lease that ran out may be renewed as long as nobody else has taken the run.
            mine = and_(runs.c.id.in_(run_ids), runs.c.worker == worker, runs.c.status.in_(_ALIVE))
            connection.execute(update(runs).where(mine).values(lease_until=now + lease_seconds))
            return [_from_row(row) for row in connection.execute(select(runs).where(mine))]

    def held(self, worker: str) -> list[Run]:
        mine = and_(runs.c.worker == worker, runs.c.status.in_(_ALIVE))
        with self._database.reading() as connection:
            return [_from_row(row) for row in connection.execute(select(runs).where(mine))]

    def let_go(self, worker: str) -> list[str]:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            mine = and_(runs.c.worker == worker, runs.c.status.in_(_ALIVE))
            let_go = list(connection.scalars(select(runs.c.id).where(mine)))
            connection.execute(update(runs).where(mine).values(lease_until=now, worker=None))
            connection.execute(update(workers).where(workers.c.name == worker).values(seen_at=0))
            return let_go

    def orphans(self) -> list[str]:
        with self._database.reading() as connection:
            now = self._database.now(connection)
            query = select(runs.c.id).where(runs.c.status.in_(_ALIVE), runs.c.lease_until <= now)
            return list(connection.scalars(query))

    def beat(self, worker: str, slots: int) -> None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            values = {"slots": slots, "seen_at": now}
            if (
                connection.execute(update(workers).where(workers.c.name == worker).values(**values)).rowcount
                == 0
            ):
                connection.execute(insert(workers).values(name=worker, **values))

    def workers(self) -> list[WorkerSeen]:
        with self._database.reading() as connection:
            return [
                WorkerSeen(row.name, row.slots, row.seen_at) for row in connection.execute(select(workers))
            ]


def _one(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
    return None if row is None else _from_row(row)


def _note(connection: Connection, run: Run, at: float) -> None:
    """One line in the append-only history of the run."""
    connection.execute(
        insert(change_table).values(
            run_id=run.id,
            attempt=run.attempt,
            fence=run.fence,
            at=at,
            status=run.status,
            worker=run.worker,
            reason=run.reason,
        )
    )


_PLAIN = [column.name for column in runs.columns if not column.name.startswith("error_")]


def _to_row(run: Run) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in _PLAIN}
    return {**values, "notes": list(run.notes), **_error_row(run.error)}


def _error_row(error: RunError | None) -> dict[str, Any]:
    if error is None:
        return {"error_type": None, "error_message": None, "error_cell": None}
    return {"error_type": error.type, "error_message": error.message, "error_cell": error.cell}


def _from_row(row: Row[Any]) -> Run:
    values = {name: getattr(row, name) for name in _PLAIN}
    values.update(status=Status(row.status), notes=tuple(row.notes))
    if row.error_type is not None:
        values["error"] = RunError(row.error_type, row.error_message or "", row.error_cell)
    return Run(**values)
