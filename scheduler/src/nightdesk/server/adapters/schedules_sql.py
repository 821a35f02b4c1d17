"""The part of the port ``Records`` that keeps schedules; their ticks are next door."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.errand_tables import deliveries
from nightdesk.server.adapters.schedule_rows import (
    alert_of,
    alerts,
    inputs,
    schedule_of,
    schedule_row,
    schedules,
    ticks,
)
from nightdesk.server.adapters.schema import departed
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errors import Conflict, TooMany
from nightdesk.server.domain.schedule import Alert, Schedule, TickState
from nightdesk.server.ports.schedules import ScheduleFilter, StoredInput


class SchedulesSql:
    """Schedules, and what their owners are told."""

    _database: Database

    def add_schedule(
        self, schedule: Schedule, given: Mapping[str, StoredInput], note: Note, most: int
    ) -> Schedule:
        with _named_once(schedule), self._database.writing() as connection:
            owner = schedule.owner
            if connection.execute(select(departed.c.name).where(departed.c.name == owner)).first():
                raise Conflict(f"the account of {owner} is disabled: nothing is run for them")
            theirs = select(func.count()).select_from(schedules).where(schedules.c.owner == owner)
            if connection.execute(theirs).scalar_one() >= most:
                raise TooMany(
                    f"{owner} has {most} schedules already", "Remove some: `nightdesk schedule rm`."
                )
            connection.execute(insert(schedules).values(schedule_row(schedule)))
            _put_inputs(connection, schedule.id, given)
            note_audit(connection, schedule.created_at, note)
        return schedule

    def schedule(self, schedule_id: str) -> Schedule | None:
        with self._database.reading() as connection:
            return one(connection, schedule_id)

    def schedules(self, wanted: ScheduleFilter) -> list[Schedule]:
        query = select(schedules).order_by(schedules.c.name, schedules.c.id).limit(wanted.limit)
        if wanted.owner is not None:
            query = query.where(schedules.c.owner == wanted.owner)
        if wanted.name is not None:
            query = query.where(schedules.c.name == wanted.name)
        if wanted.after is not None:
            name, last = wanted.after
            later = or_(schedules.c.name > name, and_(schedules.c.name == name, schedules.c.id > last))
            query = query.where(schedules.c.name >= name, later)
        with self._database.reading() as connection:
            return [schedule_of(row) for row in connection.execute(query)]

    def change_schedule(
        self,
        schedule_id: str,
        change: Callable[[Schedule, float], Schedule],
        note: Note,
        given: Mapping[str, StoredInput] | None = None,
    ) -> Schedule | None:
        with _named_once(None), self._database.writing() as connection:
            before = one(connection, schedule_id, lock=True)
            if before is None:
                return None
            now = self._database.now(connection)
            after = change(before, now)
            if after == before and given is None:
                return before
            after = save(connection, after)
            if after.paused and not before.paused:
                skip_waiting(connection, [schedule_id], now, f"Paused by {note.by}.")
            if given is not None:
                connection.execute(delete(inputs).where(inputs.c.schedule_id == schedule_id))
                _put_inputs(connection, schedule_id, given)
            note_audit(connection, now, note)
            return after

    def remove_schedule(self, schedule_id: str, note: Note) -> list[str]:
        with self._database.writing() as connection:
            if connection.execute(delete(schedules).where(schedules.c.id == schedule_id)).rowcount == 0:
                return []
            key = select(inputs.c.key).where(inputs.c.schedule_id == schedule_id, inputs.c.key.is_not(None))
            keys = [str(found) for found in connection.scalars(key)]
            for table in (inputs, ticks, alerts, deliveries):
                connection.execute(delete(table).where(table.c.schedule_id == schedule_id))
            note_audit(connection, self._database.now(connection), note)
            return keys

    def schedule_inputs(self, schedule_ids: list[str]) -> dict[str, dict[str, StoredInput]]:
        found: dict[str, dict[str, StoredInput]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(select(inputs).where(inputs.c.schedule_id.in_(schedule_ids))):
                content = None if row.content is None else zlib.decompress(row.content)
                found.setdefault(row.schedule_id, {})[row.name] = StoredInput(content, row.key)
        return found

    def alerts(self, owner: str, limit: int = 5) -> list[Alert]:
        query = select(alerts).where(alerts.c.owner == owner, alerts.c.seen_at.is_(None))
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(alerts.c.id.desc()).limit(limit))
            return [alert_of(row) for row in found]

    def put_alerts_away(self, owner: str) -> int:
        with self._database.writing() as connection:
            mine = update(alerts).where(alerts.c.owner == owner, alerts.c.seen_at.is_(None))
            return connection.execute(mine.values(seen_at=self._database.now(connection))).rowcount

    def pause_schedules_of(self, owner: str, by: str, why: str) -> int:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            return self._all_paused(connection, owner, by, why, now)

    def move_schedules(self, owner: str, heir: str, groups: tuple[str, ...], by: str, why: str) -> int:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            self._all_paused(connection, owner, by, why, now)
            theirs = connection.execute(select(schedules).where(schedules.c.owner == owner)).all()
            taken = set(connection.scalars(select(schedules.c.name).where(schedules.c.owner == heir)))
            for row in theirs:
                before = schedule_of(row)
                name = before.name
                number = 2
                while name in taken:
                    name = f"{before.name[:190]} ({number})"
                    number += 1
                taken.add(name)
                after = replace(
                    before, owner=heir, name=name, groups=groups, paused_by=by, paused_why=why, hook=None
                )
                save(connection, after)
                note_audit(connection, now, Note(by, "schedule.handed over", before.id, owner, name))
            connection.execute(update(alerts).where(alerts.c.owner == owner).values(owner=heir))
            return len(theirs)

    @staticmethod
    def _all_paused(connection: Connection, owner: str, by: str, why: str, now: float) -> int:
        theirs = select(schedules).where(schedules.c.owner == owner, schedules.c.paused_at.is_(None))
        found = [schedule_of(row) for row in connection.execute(theirs)]
        for schedule in found:
            save(connection, schedule.pausing(now, by, why))
            note_audit(connection, now, Note(by, "schedule.paused", schedule.id, owner, schedule.name))
        everything = list(connection.scalars(select(schedules.c.id).where(schedules.c.owner == owner)))
        skip_waiting(connection, everything, now, why, asked_for=True)
        return len(found)


def one(connection: Connection, schedule_id: str, lock: bool = False) -> Schedule | None:
    """One schedule; with ``lock`` nobody else changes it until the transaction ends."""
    query = select(schedules).where(schedules.c.id == schedule_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else schedule_of(row)


def save(connection: Connection, schedule: Schedule) -> Schedule:
    """Write a schedule as it is now, with its next revision."""
    newer = replace(schedule, revision=schedule.revision + 1)
    connection.execute(update(schedules).where(schedules.c.id == schedule.id).values(schedule_row(newer)))
    return newer


def skip_waiting(
    connection: Connection, ids: list[str], now: float, words: str, asked_for: bool = False
) -> None:
    """Ticks of these schedules that wait come to nothing; those that somebody asked for only on demand."""
    waiting = update(ticks).where(ticks.c.schedule_id.in_(ids), ticks.c.state == TickState.WAITING)
    if not asked_for:
        waiting = waiting.where(ticks.c.by.is_(None))
    connection.execute(waiting.values(state=TickState.SKIPPED, decided_at=now, words=words))


def _put_inputs(connection: Connection, schedule_id: str, given: Mapping[str, StoredInput]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "schedule_id": schedule_id,
            "name": name,
            "content": None if each.content is None else zlib.compress(each.content, 1),
            "key": each.key,
        }
        for name, each in given.items()
    ]
    if rows:
        connection.execute(insert(inputs), rows)


class _named_once:
    """What the database says of a second schedule of one name, in words."""

    def __init__(self, schedule: Schedule | None) -> None:
        self._name = "" if schedule is None else f" '{schedule.name}'"

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, IntegrityError):
            raise Conflict(f"there is a schedule{self._name} already", "Give it another name.") from error
