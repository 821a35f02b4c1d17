"""The part of the port ``Records`` about ticks: what is due, what became of it; all of it many at a time.

What makes each tick one whoever looks: a decision counts only if its schedule is still of the revision that it was made
for, which is asked in the transaction that writes it; and time and schedule are the ticks' key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, or_, select, update

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.cancelling import cancel
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.errand_tables import deliveries
from nightdesk.server.adapters.errands_sql import put
from nightdesk.server.adapters.made_runs import shut_out_of, write_runs
from nightdesk.server.adapters.pipeline_rows import pipeline_of, pipelines
from nightdesk.server.adapters.pipelines_sql import cancel_all, put_pipeline
from nightdesk.server.adapters.run_rows import from_row
from nightdesk.server.adapters.schedule_rows import (
    alert_row,
    alerts,
    schedule_of,
    schedule_row,
    schedules,
    tick_of,
    tick_row,
    ticks,
)
from nightdesk.server.adapters.schedules_sql import one, save, skip_waiting
from nightdesk.server.adapters.schema import runs
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.pipeline import Pipeline, PipelineStatus
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.schedule import (
    MOST_WAITING,
    OPEN,
    Alert,
    Going,
    Schedule,
    Tick,
    TickState,
    counted,
    settled,
    settled_with,
)
from nightdesk.server.domain.tick_record import Record
from nightdesk.server.ports.schedules import Decision, Launch, Waiters

_FINAL = [status for status in Status if status.final]
_UPDATE = (
    update(schedules)
    .where(schedules.c.id == bindparam("which"))
    .values(
        {each.name: bindparam(each.name) for each in schedules.columns if each.name not in {"id", "owner"}}
    )
)
_TICK_CHANGES = ("state", "decided_at", "words", "run_id", "took_seconds", "pipeline_id")
_UPDATE_TICK = (
    update(ticks)
    .where(ticks.c.schedule_id == bindparam("which"), ticks.c.at == bindparam("when"))
    .values({name: bindparam(name) for name in _TICK_CHANGES})
)


class TicksSql:
    """Ticks, the runs that they make, and how those ended."""

    _database: Database

    def due_schedules(self, now: float, limit: int) -> list[Schedule]:
        query = select(schedules).where(schedules.c.next_at <= now).order_by(schedules.c.next_at).limit(limit)
        with self._database.reading() as connection:
            return [schedule_of(row) for row in connection.execute(query)]

    def next_due(self) -> float | None:
        with self._database.reading() as connection:
            found = connection.execute(
                select(func.min(schedules.c.next_at)).where(schedules.c.next_at.is_not(None))
            )
            at: float | None = found.scalar_one()
            return at

    def going(self, schedule_ids: list[str]) -> dict[str, Going]:
        query = select(ticks.c.schedule_id, ticks.c.state, ticks.c.run_id, ticks.c.pipeline_id).where(
            ticks.c.schedule_id.in_(schedule_ids), ticks.c.state.in_(OPEN)
        )
        found: dict[str, Going] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                had = found.get(row.schedule_id, Going())
                if row.state == TickState.WAITING:
                    found[row.schedule_id] = replace(had, waiting=had.waiting + 1)
                else:
                    made = row.run_id or row.pipeline_id
                    found[row.schedule_id] = replace(had, run_id=made, fetching=made is None)
        return found

    def ready(self, limit: int) -> list[tuple[Schedule, Tick]]:
        going = ticks.alias("going")
        first = (
            select(ticks.c.schedule_id, func.min(ticks.c.at).label("at"))
            .where(
                ticks.c.state == TickState.WAITING,
                ~exists().where(
                    going.c.schedule_id == ticks.c.schedule_id, going.c.state == TickState.QUEUED
                ),
            )
            .group_by(ticks.c.schedule_id)
            .limit(limit)
            .subquery()
        )
        same = and_(ticks.c.schedule_id == first.c.schedule_id, ticks.c.at == first.c.at)
        with self._database.reading() as connection:
            found = [tick_of(row) for row in connection.execute(select(ticks).join(first, same))]
            ids = [tick.schedule_id for tick in found]
            rows = connection.execute(select(schedules).where(schedules.c.id.in_(ids)))
            known = {row.id: schedule_of(row) for row in rows}
        return [(known[tick.schedule_id], tick) for tick in found if tick.schedule_id in known]

    def add_waiting(self, schedule_id: str, by: str, note: Note) -> Tick | None:
        with self._database.writing() as connection:
            schedule = one(connection, schedule_id, lock=True)
            if schedule is None:
                return None
            return _add_waiting(connection, schedule, self._database.now(connection), by, note)

    def add_push(self, schedule_id: str, mark: str, by: str, note: Note) -> tuple[Tick | None, bool]:
        same = and_(deliveries.c.schedule_id == schedule_id, deliveries.c.mark == mark)
        with self._database.writing() as connection:
            schedule = one(connection, schedule_id, lock=True)
            if schedule is None:
                return None, False
            before = connection.execute(select(deliveries.c.at).where(same)).scalar()
            if before is not None:
                its = select(ticks).where(ticks.c.schedule_id == schedule_id, ticks.c.at == before)
                row = connection.execute(its).first()
                gone = Tick(schedule_id, before, TickState.SKIPPED, before, by=by)
                return (gone if row is None else tick_of(row)), False
            waiting = select(func.count()).select_from(ticks)
            of_it = and_(ticks.c.schedule_id == schedule_id, ticks.c.state == TickState.WAITING)
            if connection.execute(waiting.where(of_it)).scalar_one() >= MOST_WAITING:
                return None, False
            tick = _add_waiting(connection, schedule, self._database.now(connection), by, note)
            row_of_it = {"schedule_id": schedule_id, "mark": mark, "at": tick.at, "words": by}
            connection.execute(insert(deliveries).values(row_of_it))
            return tick, True

    def decide(self, decisions: list[Decision]) -> list[Decision]:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            kept = _checked(connection, _current(connection, decisions))
            if not kept:
                return []
            connection.execute(_UPDATE, [_schedule_values(each.after) for each in kept])
            for each in kept:
                if each.replaces:
                    _replace(connection, each, now)
            _write_ticks(connection, [launch for each in kept for launch in each.launches])
            launches = [launch for each in kept for launch in each.launches]
            made = [(launch.run, launch.inputs) for launch in launches if launch.run is not None]
            write_runs(connection, made, now)
            put(connection, [launch.errand for launch in launches if launch.errand is not None], now)
            for launch in launches:
                if launch.pipeline is not None:
                    put_pipeline(connection, launch.pipeline, launch.inputs)
            _write_alerts(connection, [alert for each in kept for alert in each.alerts])
            for each in kept:
                if each.after.paused and not each.before.paused:
                    _paused_by_itself(connection, each.after, now)
            return kept

    def settle(self, limit: int) -> tuple[int, list[Alert]]:
        over = (
            select(runs, ticks.c.at.label("tick_at"))
            .join(ticks, ticks.c.run_id == runs.c.id)
            .where(ticks.c.state == TickState.QUEUED, runs.c.status.in_(_FINAL))
            .order_by(runs.c.finished_at)
            .limit(limit)
        )
        piped = (
            select(pipelines, ticks.c.at.label("tick_at"))
            .join(ticks, ticks.c.pipeline_id == pipelines.c.id)
            .where(ticks.c.state == TickState.QUEUED, pipelines.c.status != PipelineStatus.RUNNING)
            .order_by(pipelines.c.finished_at)
            .limit(limit)
        )
        with self._database.reading() as connection:  # mostly nothing has ended: no writer waits for that
            if all(connection.execute(each.limit(1)).first() is None for each in (over, piped)):
                return 0, []
        told: list[Alert] = []
        with self._database.writing() as connection:
            now = self._database.now(connection)
            ended: dict[str, Run | Pipeline] = {run.id: run for run in map(_run_of, connection.execute(over))}
            ended |= {each.id: each for each in map(pipeline_of, connection.execute(piped))}
            of_ended = or_(ticks.c.run_id.in_(ended), ticks.c.pipeline_id.in_(ended))
            mine = select(ticks).where(of_ended, ticks.c.state == TickState.QUEUED)
            rows = connection.execute(mine.with_for_update())
            found = {row.run_id or row.pipeline_id: tick_of(row) for row in rows}
            theirs = select(schedules).where(
                schedules.c.id.in_({tick.schedule_id for tick in found.values()})
            )
            rows = connection.execute(theirs.with_for_update())
            before = {row.id: schedule_of(row) for row in rows}
            after, done = dict(before), []
            for made_id, made in ended.items():
                tick = found.get(made_id)
                if tick is None or tick.schedule_id not in before:
                    continue
                tick = settled(tick, made) if isinstance(made, Run) else settled_with(tick, made)
                done.append(tick)
                after[tick.schedule_id], alert = counted(after[tick.schedule_id], tick)
                told += [alert] if alert is not None else []
            if done:
                connection.execute(_UPDATE_TICK, [_tick_values(tick) for tick in done])
                newer = [replace(each, revision=each.revision + 1) for each in after.values()]
                connection.execute(_UPDATE, [_schedule_values(each) for each in newer])
            _write_alerts(connection, told)
            for each in after.values():
                if each.paused and not before[each.id].paused:
                    _paused_by_itself(connection, each, now)
        return len(done), told

    def ticks(self, schedule_id: str, limit: int, before: float | None = None) -> list[Tick]:
        query = (
            select(ticks).where(ticks.c.schedule_id == schedule_id).order_by(ticks.c.at.desc()).limit(limit)
        )
        if before is not None:
            query = query.where(ticks.c.at < before)
        with self._database.reading() as connection:
            return [tick_of(row) for row in connection.execute(query)]

    def record_of(self, schedule_id: str, since: float) -> Record:
        query = (
            select(ticks.c.state, func.count())
            .where(ticks.c.schedule_id == schedule_id, ticks.c.at >= since)
            .group_by(ticks.c.state)
        )
        with self._database.reading() as connection:
            return Record({str(state): int(count) for state, count in connection.execute(query)})

    def waiters(self, owners: list[str]) -> Waiters:
        query = (
            select(runs.c.owner, func.count())
            .where(runs.c.status == Status.QUEUED, runs.c.owner.in_(owners))
            .group_by(runs.c.owner)
        )
        with self._database.reading() as connection:
            now = self._database.now(connection)
            waiting = {str(owner): int(count) for owner, count in connection.execute(query)}
        return Waiters(now, waiting)


def _add_waiting(connection: Connection, schedule: Schedule, now: float, by: str, note: Note) -> Tick:
    # Never a whole second: those are the timetable's.
    at = math.floor(now) + min(max(round(now % 1, 3), 0.001), 0.999)
    taken = select(ticks.c.at).where(ticks.c.schedule_id == schedule.id, ticks.c.at >= at)
    newer = [float(found) for found in connection.scalars(taken) if found < at + 1]
    at = at if not newer else max(newer) + 0.0005
    tick = Tick(schedule.id, at, TickState.WAITING, now, by=by)
    connection.execute(insert(ticks).values(tick_row(tick)))
    save(connection, schedule)
    note_audit(connection, now, note)
    return tick


def _run_of(row: Any) -> Run:
    values = row._asdict()
    values.pop("tick_at")
    return from_row(values)


def _current(connection: Connection, decisions: list[Decision]) -> list[Decision]:
    """Those whose schedule is as they take it to be; nobody changes it until the transaction ends."""
    ids = [each.before.id for each in decisions]
    query = select(schedules.c.id, schedules.c.revision).where(schedules.c.id.in_(ids)).with_for_update()
    revisions = {row.id: row.revision for row in connection.execute(query)}
    kept = [each for each in decisions if revisions.get(each.before.id) == each.before.revision]
    times = [launch.tick.at for each in kept for launch in each.launches]
    if not times:
        return kept
    made = func.coalesce(ticks.c.run_id, ticks.c.pipeline_id).label("made")
    there = select(ticks.c.schedule_id, ticks.c.at, ticks.c.state, made).where(
        ticks.c.schedule_id.in_([each.before.id for each in kept]), ticks.c.at >= min(times)
    )
    known = {(row.schedule_id, row.at): (row.state, row.made) for row in connection.execute(there)}

    def stands(launch: Launch) -> bool:
        state = known.get((launch.tick.schedule_id, launch.tick.at))
        if launch.fetched:
            return state == (TickState.QUEUED, None)
        return state == ((TickState.WAITING, None) if launch.waited else None)

    return [replace(each, launches=tuple(filter(stands, each.launches))) for each in kept]


def _checked(connection: Connection, decisions: list[Decision]) -> list[Decision]:
    """What may have happened since the runs were made: their owner was disabled, their version removed."""
    launches = [launch for each in decisions for launch in each.launches]
    made = [launch.run for launch in launches if launch.run is not None]
    owners = {launch.pipeline.owner for launch in launches if launch.pipeline is not None}
    if not made and not owners:
        return decisions
    out, removed = shut_out_of(connection, made, owners)
    if not out and not removed:
        return decisions
    return [_refused(each, out, removed) for each in decisions]


def _refused(decision: Decision, out: set[str], removed: set[tuple[str, str]]) -> Decision:
    launches = []
    for launch in decision.launches:
        run, made = launch.run, launch.run or launch.pipeline
        words = ""
        if made is not None and made.owner in out:
            words = f"The account of {made.owner} is disabled: nothing is run for them."
        elif run is not None and (run.environment, run.version) in removed:
            words = f"{run.environment}:{run.version} was removed."
        if not words:
            launches.append(launch)
        else:
            tick = replace(launch.tick, state=TickState.REFUSED, words=words, run_id=None, pipeline_id=None)
            after, alert = counted(decision.after, tick)
            told = decision.alerts if alert is None else (*decision.alerts, alert)
            decision = replace(decision, after=after, alerts=told)
            launches.append(replace(launch, tick=tick, run=None, pipeline=None, inputs={}))
    return replace(decision, launches=tuple(launches))


def _replace(connection: Connection, decision: Decision, now: float) -> None:
    """Whatever of the schedule goes on is to end, and what waits comes to nothing."""
    of_it = and_(ticks.c.schedule_id == decision.after.id, ticks.c.state == TickState.QUEUED)
    by = f"schedule {decision.after.name}"
    for row in connection.execute(select(ticks.c.run_id, ticks.c.pipeline_id).where(of_it)).all():
        if row.pipeline_id is not None:
            cancel_all(connection, row.pipeline_id, by, now)
        elif row.run_id is not None:
            cancel(connection, str(row.run_id), by, now)
    fetching = update(ticks).where(of_it, ticks.c.run_id.is_(None), ticks.c.pipeline_id.is_(None))
    connection.execute(
        fetching.values(state=TickState.SKIPPED, decided_at=now, words="Replaced by a later time.")
    )
    skip_waiting(connection, [decision.after.id], now, "Replaced by a later time.", asked_for=True)


def _write_ticks(connection: Connection, launches: Iterable[Launch]) -> None:
    all_of_them = list(launches)
    new = [tick_row(launch.tick) for launch in all_of_them if not launch.there]
    old = [_tick_values(launch.tick) for launch in all_of_them if launch.there]
    if new:
        connection.execute(insert(ticks), new)
    if old:
        connection.execute(_UPDATE_TICK, old)


def _write_alerts(connection: Connection, told: list[Alert]) -> None:
    if told:
        connection.execute(insert(alerts), [alert_row(alert) for alert in told])


def _paused_by_itself(connection: Connection, schedule: Schedule, now: float) -> None:
    skip_waiting(connection, [schedule.id], now, "The schedule was paused.")
    words = f"{schedule.name}: {schedule.paused_why}"
    note_audit(connection, now, Note("", "schedule.paused", schedule.id, schedule.owner, words))


def _schedule_values(schedule: Schedule) -> dict[str, Any]:
    values = schedule_row(schedule)
    del values["owner"]
    return {**values, "which": values.pop("id")}


def _tick_values(tick: Tick) -> dict[str, Any]:
    values = tick_row(tick)
    return {
        **{name: values[name] for name in _TICK_CHANGES},
        "which": tick.schedule_id,
        "when": tick.at,
    }
