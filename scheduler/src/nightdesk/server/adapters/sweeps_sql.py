"""The part of the port ``Records`` that keeps sweeps."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from nightdesk.server.adapters.audit_sql import lock_chain
from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.cancelling import cancel
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.made_runs import shut_out_of, write_runs
from nightdesk.server.adapters.run_rows import from_row
from nightdesk.server.adapters.schema import run_groups, runs
from nightdesk.server.adapters.sweep_tables import inputs, sweep_of, sweep_row, sweeps
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.sweep import Sweep
from nightdesk.server.ports.sweeps import SharedInput, SweepFilter

_OF_RUN = (
    select(sweeps, inputs.c.content.label("input_content"), runs.c.parameters.label("run_parameters"))
    .join(runs, runs.c.sweep_id == sweeps.c.id)
    .join(inputs, and_(inputs.c.sweep_id == sweeps.c.id, inputs.c.name == bindparam("name")))
    .where(runs.c.id == bindparam("run_id"))
)
_GOING_ON = (Status.QUEUED, Status.STARTING, Status.RUNNING)


class SweepsSql:
    """Sweeps, and what their runs are handed over with."""

    _database: Database

    def add_sweep(
        self, sweep: Sweep, made: Sequence[Run], given: Mapping[str, bytes | None]
    ) -> tuple[Sweep, bool]:
        try:
            with self._database.writing() as connection:
                lock_chain(connection)
                _check_still_may(connection, made)
                connection.execute(insert(sweeps), sweep_row(sweep))
                rows = [
                    {
                        "sweep_id": sweep.id,
                        "name": name,
                        "content": None if content is None else zlib.compress(content, 1),
                    }
                    for name, content in given.items()
                ]
                connection.execute(insert(inputs), rows)
                words = f"{sweep.name}: {sweep.said}"
                note_audit(
                    connection,
                    sweep.created_at,
                    Note(sweep.made_by, "sweep.made", sweep.id, sweep.owner, words),
                )
                write_runs(connection, [(run, {}) for run in made], sweep.created_at)
        except IntegrityError:
            known = self.sweep_by_key(sweep.owner, sweep.key) if sweep.key is not None else None
            if known is None:
                raise
            return known, False
        return sweep, True

    def sweep(self, sweep_id: str) -> Sweep | None:
        with self._database.reading() as connection:
            row = connection.execute(select(sweeps).where(sweeps.c.id == sweep_id)).first()
            return None if row is None else sweep_of(row)

    def sweep_by_key(self, owner: str, key: str) -> Sweep | None:
        query = select(sweeps).where(sweeps.c.owner == owner, sweeps.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else sweep_of(row)

    def sweeps(self, wanted: SweepFilter) -> list[Sweep]:
        query = select(sweeps).order_by(sweeps.c.created_at.desc(), sweeps.c.id.desc()).limit(wanted.limit)
        if wanted.owner is not None:
            query = query.where(sweeps.c.owner == wanted.owner)
        if wanted.seen_by is not None:
            query = query.where(_shown(*wanted.seen_by))
        if wanted.before is not None:
            at, last = wanted.before
            query = query.where(
                or_(sweeps.c.created_at < at, and_(sweeps.c.created_at == at, sweeps.c.id < last))
            )
        with self._database.reading() as connection:
            return [sweep_of(row) for row in connection.execute(query)]

    def runs_of_sweep(self, sweep_id: str) -> list[Run]:
        query = select(runs).where(runs.c.sweep_id == sweep_id).order_by(runs.c.created_at, runs.c.id)
        with self._database.reading() as connection:
            return [from_row(row) for row in connection.execute(query)]

    def counts_of_sweeps(self, sweep_ids: list[str]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {sweep_id: {} for sweep_id in sweep_ids}
        newest = func.row_number().over(
            partition_by=(runs.c.sweep_id, runs.c.sweep_place),
            order_by=(runs.c.created_at.desc(), runs.c.id.desc()),
        )
        each = (
            select(runs.c.sweep_id, runs.c.status, newest.label("turn"))
            .where(runs.c.sweep_id.in_(sweep_ids))
            .subquery()
        )
        query = (
            select(each.c.sweep_id, each.c.status, func.count())
            .where(each.c.turn == 1)
            .group_by(each.c.sweep_id, each.c.status)
        )
        with self._database.reading() as connection:
            for sweep_id, status, count in connection.execute(query) if sweep_ids else ():
                found[sweep_id][status] = int(count)
        return found

    def shared_input(self, run_id: str, name: str) -> SharedInput | None:
        with self._database.reading() as connection:
            row = connection.execute(_OF_RUN, {"run_id": run_id, "name": name}).first()
        if row is None:
            return None
        packed = row.input_content
        content = None if packed is None else zlib.decompress(packed)
        return SharedInput(row.id, content, row.kernel, row.language, row.run_parameters)

    def shared_inputs(self, run_id: str) -> list[str]:
        query = select(inputs.c.name).join(runs, runs.c.sweep_id == inputs.c.sweep_id)
        with self._database.reading() as connection:
            return list(connection.scalars(query.where(runs.c.id == run_id).order_by(inputs.c.name)))

    def stop_sweep(self, sweep_id: str, by: str, waiting_only: bool) -> list[str]:
        live = (Status.QUEUED,) if waiting_only else _GOING_ON
        query = select(runs.c.id).where(runs.c.sweep_id == sweep_id, runs.c.status.in_(live))
        with self._database.writing() as connection:
            row = connection.execute(select(sweeps).where(sweeps.c.id == sweep_id).with_for_update()).first()
            if row is None:
                return []
            now = self._database.now(connection)
            ids = list(connection.scalars(query.order_by(runs.c.created_at, runs.c.id)))
            for run_id in ids:
                cancel(connection, run_id, by, now)
            if ids:
                mark = update(sweeps).where(sweeps.c.id == sweep_id)
                connection.execute(mark.values(stopped_at=now, stopped_by=by))
                words = f"{row.name}: {len(ids)} runs"
                note_audit(connection, now, Note(by, "sweep.stopped", sweep_id, row.owner, words))
            return ids


def _shown(name: str, groups: frozenset[str]) -> ColumnElement[bool]:
    """What of the sweeps somebody sees: theirs, and those whose runs were made in these groups."""
    own = sweeps.c.owner == name
    if not groups:
        return own
    of_groups = (
        select(run_groups.c.run_id)
        .join(runs, runs.c.id == run_groups.c.run_id)
        .where(runs.c.sweep_id == sweeps.c.id, run_groups.c.group_name.in_(sorted(groups)))
    )
    return or_(own, of_groups.correlate(sweeps).exists())


def move_sweeps(connection: Connection, owner: str, heir: str, groups: tuple[str, ...]) -> None:
    """Another person has them from now on. A key is its owner's alone."""
    theirs = update(sweeps).where(sweeps.c.owner == owner)
    connection.execute(theirs.values(owner=heir, groups=list(groups), key=None))


def _check_still_may(connection: Connection, made: Sequence[Run]) -> None:
    """What may have happened since it was checked: its owner was disabled, its version removed."""
    out, removed = shut_out_of(connection, made)
    if out:
        raise Conflict(f"the account of {min(out)} is disabled: nothing is run for them")
    if removed:
        name, version = min(removed)
        raise Conflict(f"{name}:{version} has just been removed", "Choose another.")
