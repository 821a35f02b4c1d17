"""The part of the port ``Records`` that keeps pipelines and their steps.

What makes each step start once whoever looks: what was decided counts only if the pipeline is still of the revision that
it was decided for, which is asked in the transaction that writes; and pipeline, step and attempt are the steps' key.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, case, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.cancelling import cancel
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.made_runs import shut_out_of, write_runs
from nightdesk.server.adapters.pipeline_rows import (
    pipeline_groups,
    pipeline_of,
    pipeline_row,
    pipelines,
    step_of,
    step_row,
    steps,
)
from nightdesk.server.adapters.run_rows import from_row
from nightdesk.server.adapters.schema import departed, runs
from nightdesk.server.adapters.schema import inputs as run_inputs
from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.pipeline import Pipeline, PipelineStatus, StepRow, StepState, latest
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.ports.pipelines import Counted, PipelineFilter, StepMove, noted

_FINAL = [status for status in Status if status.final]
_GOOD = [state for state in StepState if state.good]
_BAD = [state for state in StepState if not state.good and state is not StepState.GOING]
_NEWEST_FIRST = (pipelines.c.created_at.desc(), pipelines.c.id.desc())


class PipelinesSql:
    """Pipelines, and how far they have come."""

    _database: Database

    def add_pipeline(self, pipeline: Pipeline, inputs: Mapping[str, bytes] | None) -> tuple[Pipeline, bool]:
        try:
            with self._database.writing() as connection:
                _check_let_in(connection, pipeline.owner)
                put_pipeline(connection, pipeline, inputs or {})
        except IntegrityError:
            known = None if pipeline.key is None else self.pipeline_by_key(pipeline.owner, pipeline.key)
            if known is None:
                raise
            return known, False
        return pipeline, True

    def pipeline(self, pipeline_id: str) -> Pipeline | None:
        with self._database.reading() as connection:
            return _one(connection, pipeline_id)

    def pipeline_by_key(self, owner: str, key: str) -> Pipeline | None:
        query = select(pipelines).where(pipelines.c.owner == owner, pipelines.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else pipeline_of(row)

    def pipelines(self, wanted: PipelineFilter) -> list[Pipeline]:
        query = select(pipelines).order_by(*_NEWEST_FIRST).limit(wanted.limit)
        for name in ("owner", "status", "name", "schedule_id"):
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(pipelines.c[name] == value)
        if wanted.before is not None:
            at, last = wanted.before
            earlier = and_(pipelines.c.created_at == at, pipelines.c.id < last)
            query = query.where(or_(pipelines.c.created_at < at, earlier))
        audience = wanted.seen_by
        if audience is not None and wanted.owner != audience.name:
            shared = exists().where(
                pipeline_groups.c.pipeline_id == pipelines.c.id,
                pipeline_groups.c.group_name.in_(sorted(audience.groups)),
            )
            query = query.where(or_(pipelines.c.owner == audience.name, shared))
        with self._database.reading() as connection:
            return [pipeline_of(row) for row in connection.execute(query)]

    def counted(self, pipeline_ids: list[str]) -> dict[str, Counted]:
        last = (
            select(steps.c.pipeline_id, steps.c.step, func.max(steps.c.attempt).label("attempt"))
            .where(steps.c.pipeline_id.in_(pipeline_ids))
            .group_by(steps.c.pipeline_id, steps.c.step)
            .subquery()
        )
        same = and_(
            steps.c.pipeline_id == last.c.pipeline_id,
            steps.c.step == last.c.step,
            steps.c.attempt == last.c.attempt,
        )
        kinds = [func.sum(case((steps.c.state.in_(each), 1), else_=0)) for each in (_GOOD, ["going"], _BAD)]
        query = select(steps.c.pipeline_id, *kinds).join(last, same).group_by(steps.c.pipeline_id)
        found = dict.fromkeys(pipeline_ids, Counted())
        with self._database.reading() as connection:
            for pipeline_id, *numbers in connection.execute(query):
                found[pipeline_id] = Counted(*(int(number) for number in numbers))
        return found

    def steps_of(self, pipeline_id: str) -> list[tuple[StepRow, Run | None]]:
        with self._database.reading() as connection:
            return _steps(connection, pipeline_id)

    def move_pipeline(self, before: Pipeline, after: Pipeline, moves: list[StepMove]) -> bool:
        with self._database.writing() as connection:
            revision = select(pipelines.c.revision).where(pipelines.c.id == before.id).with_for_update()
            if connection.execute(revision).scalar() != before.revision:
                return False
            now = self._database.now(connection)
            made = [(move.run, move.inputs) for move in moves if move.run is not None]
            if made:
                _check_let_in(connection, before.owner)
                _, removed = shut_out_of(connection, [run for run, _ in made])
                if removed:
                    raise Conflict(f"{':'.join(min(removed))} was removed")
            if after.status.final:
                after = replace(after, finished_at=now)
            _save(connection, after)
            for move in moves:
                _put_step(connection, move.row)
            write_runs(connection, made, now)
            return True

    def resume_pipeline(self, before: Pipeline, by: str) -> Pipeline | None:
        with self._database.writing() as connection:
            found = _one(connection, before.id, lock=True)
            if found is None or found.revision != before.revision:
                return None
            _check_let_in(connection, found.owner)
            after = _save(connection, found.resumed())
            rows = _steps(connection, before.id)
            runs_of = {row.step: run for row, run in rows}
            for row in latest(row for row, _ in rows).values():
                run = runs_of[row.step]
                if row.state.good and run is not None and run.removed_at is not None:
                    gone = replace(row, state=StepState.LOST, words="Its outputs were removed meanwhile.")
                    _put_step(connection, gone)
            note_audit(connection, self._database.now(connection), noted(after, by, "resumed"))
            return after

    def cancel_pipeline(self, pipeline_id: str, by: str) -> tuple[Pipeline, list[str]] | None:
        with self._database.writing() as connection:
            return cancel_all(connection, pipeline_id, by, self._database.now(connection))

    def pipelines_due(self, limit: int) -> list[str]:
        going = and_(steps.c.pipeline_id == pipelines.c.id, steps.c.state == StepState.GOING)
        ended = (
            select(steps.c.pipeline_id)
            .join(runs, runs.c.id == steps.c.run_id)
            .where(going, runs.c.status.in_(_FINAL))
            .correlate(pipelines)
            .exists()
        )
        nothing = ~select(steps.c.pipeline_id).where(going).correlate(pipelines).exists()
        query = (
            select(pipelines.c.id)
            .where(pipelines.c.status == PipelineStatus.RUNNING, or_(ended, nothing))
            .order_by(pipelines.c.created_at)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return list(connection.scalars(query))

    def unchanged(self, pipeline: Pipeline, step: str, fingerprint: str) -> Run | None:
        query = (
            select(runs)
            .join(steps, steps.c.run_id == runs.c.id)
            .join(pipelines, pipelines.c.id == steps.c.pipeline_id)
            .where(
                steps.c.fingerprint == fingerprint,
                steps.c.step == step,
                steps.c.state.in_(_GOOD),
                pipelines.c.owner == pipeline.owner,
                pipelines.c.name == pipeline.name,
                runs.c.owner == pipeline.owner,
                runs.c.removed_at.is_(None),
            )
            .order_by(runs.c.created_at.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else from_row(row)

    def end_pipelines(self, owner: str, by: str) -> list[str]:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            theirs = select(pipelines).where(
                pipelines.c.owner == owner,
                pipelines.c.status == PipelineStatus.RUNNING,
                pipelines.c.cancel_requested_at.is_(None),
            )
            found = [pipeline_of(row) for row in connection.execute(theirs.with_for_update())]
            for pipeline in found:
                _cancelled(connection, pipeline, by, now)
            return [pipeline.id for pipeline in found]

    def move_pipelines(self, owner: str, heir: str, groups: tuple[str, ...]) -> int:
        with self._database.writing() as connection:
            ids = list(connection.scalars(select(pipelines.c.id).where(pipelines.c.owner == owner)))
            connection.execute(delete(pipeline_groups).where(pipeline_groups.c.pipeline_id.in_(ids)))
            # A key is its owner's alone: the heir may have used the same one.
            connection.execute(
                update(pipelines)
                .where(pipelines.c.owner == owner)
                .values(owner=heir, key=None, groups=list(groups), revision=pipelines.c.revision + 1)
            )
            for pipeline_id in ids:
                _put_groups(connection, pipeline_id, groups)
            return len(ids)


def put_pipeline(connection: Connection, pipeline: Pipeline, inputs: Mapping[str, bytes]) -> None:
    """Put a pipeline on record, within a transaction that writes."""
    connection.execute(insert(pipelines).values(pipeline_row(pipeline)))
    _put_groups(connection, pipeline.id, pipeline.groups)
    kept = [
        {"run_id": pipeline.id, "name": name, "content": zlib.compress(content, 1)}
        for name, content in inputs.items()
    ]
    if kept:
        connection.execute(insert(run_inputs), kept)
    note_audit(connection, pipeline.created_at, noted(pipeline, pipeline.submitted_by, "started"))


def cancel_all(
    connection: Connection, pipeline_id: str, by: str, now: float
) -> tuple[Pipeline, list[str]] | None:
    """Ask for the end of a pipeline, within a transaction that writes: see ``Pipelines.cancel_pipeline``."""
    found = _one(connection, pipeline_id, lock=True)
    if found is None:
        return None
    if found.status.final or found.cancel_requested_at is not None:
        return found, []
    after = _cancelled(connection, found, by, now)
    going = select(steps.c.run_id).where(steps.c.pipeline_id == pipeline_id, steps.c.state == StepState.GOING)
    ended = [str(run_id) for run_id in connection.scalars(going).all()]
    for run_id in ended:
        cancel(connection, run_id, by, now)
    return after, ended


def _one(connection: Connection, pipeline_id: str, lock: bool = False) -> Pipeline | None:
    query = select(pipelines).where(pipelines.c.id == pipeline_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else pipeline_of(row)


def _steps(connection: Connection, pipeline_id: str) -> list[tuple[StepRow, Run | None]]:
    query = select(steps).where(steps.c.pipeline_id == pipeline_id).order_by(steps.c.attempt, steps.c.step)
    found = [step_of(row) for row in connection.execute(query)]
    ids = [row.run_id for row in found if row.run_id is not None]
    theirs = connection.execute(select(runs).where(runs.c.id.in_(ids))) if ids else ()
    known = {run.id: run for run in map(from_row, theirs)}
    return [(row, known.get(row.run_id or "")) for row in found]


def _save(connection: Connection, pipeline: Pipeline) -> Pipeline:
    """Write what changes of a pipeline, with its next revision."""
    newer = replace(pipeline, revision=pipeline.revision + 1)
    names = ("reason", "attempt", "revision", "cancel_requested_at", "cancelled_by", "finished_at")
    values: dict[str, Any] = {name: getattr(newer, name) for name in names}
    same = pipelines.c.id == pipeline.id
    connection.execute(update(pipelines).where(same).values(status=newer.status.value, **values))
    return newer


def _cancelled(connection: Connection, pipeline: Pipeline, by: str, now: float) -> Pipeline:
    note_audit(connection, now, noted(pipeline, by, "cancelled"))
    return _save(connection, replace(pipeline, cancel_requested_at=now, cancelled_by=by))


def _put_step(connection: Connection, row: StepRow) -> None:
    values = step_row(row)
    key = {name: values.pop(name) for name in ("pipeline_id", "step", "attempt")}
    same = and_(*(steps.c[name] == value for name, value in key.items()))
    if connection.execute(update(steps).where(same).values(**values)).rowcount == 0:
        connection.execute(insert(steps).values(**key, **values))


def _put_groups(connection: Connection, pipeline_id: str, groups: tuple[str, ...]) -> None:
    rows = [{"pipeline_id": pipeline_id, "group_name": group} for group in dict.fromkeys(groups)]
    if rows:
        connection.execute(insert(pipeline_groups), rows)


def _check_let_in(connection: Connection, owner: str) -> None:
    if connection.execute(select(departed.c.name).where(departed.c.name == owner)).first():
        raise Conflict(f"the account of {owner} is disabled: nothing is run for them")
