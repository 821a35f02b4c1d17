"""The part of the port ``Records`` about telling people how their runs ended."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.errands_sql import put
from nightdesk.server.adapters.notice_tables import marks, notices, wishes
from nightdesk.server.adapters.run_rows import from_row
from nightdesk.server.adapters.schema import changes, departed, runs
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errand import has_report, report_of
from nightdesk.server.domain.notification import Message, Notice, Way, When, Wishes
from nightdesk.server.domain.run import Status

_FINAL = [status for status in Status if status.final]
_MOST_CODES = 5  # wrong ones, before a new one has to be asked for
_CODE_SECONDS = 3600.0


class NoticesSql:
    """Wishes, and the notices on their way."""

    _database: Database

    def wishes(self, person: str) -> Wishes:
        with self._database.reading() as connection:
            row = connection.execute(select(wishes).where(_of(person))).first()
            return Wishes(person) if row is None else _wishes(row)

    def set_wishes(self, wanted: Wishes, code: str = "") -> None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            values: dict[str, Any] = {
                name: getattr(wanted, name)
                for name in ("when", "email", "email_confirmed", "webhook", "slack", "secret")
            }
            if code:
                values |= {"code_hash": _hash(wanted.person, code), "code_tries": 0, "code_at": now}
            if not connection.execute(update(wishes).where(_of(wanted.person)).values(values)).rowcount:
                usual = {"code_hash": "", "code_tries": 0, "code_at": 0.0}
                connection.execute(insert(wishes).values({"person": wanted.person} | usual | values))
            note_audit(connection, now, Note(wanted.person, "notifications.set", whom=wanted.person))

    def confirm_mail(self, person: str, code: str) -> bool:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            row = connection.execute(select(wishes).where(_of(person))).first()
            fresh = row is not None and row.code_hash and 0 <= now - row.code_at < _CODE_SECONDS
            if row is None or not fresh or row.code_tries >= _MOST_CODES:
                return False
            right = hmac.compare_digest(row.code_hash, _hash(person, code))
            values = (
                {"email_confirmed": True, "code_hash": ""} if right else {"code_tries": row.code_tries + 1}
            )
            connection.execute(update(wishes).where(_of(person)).values(values))
            return right

    def note_ends(self, limit: int) -> int:
        with self._database.reading() as connection:  # mostly nothing has ended: no writer waits for that
            if not _ends(connection, 1):
                return 0
        with self._database.writing() as connection:
            now = self._database.now(connection)
            found = _ends(connection, limit)
            if not found:
                return 0
            ended = [from_row(row) for row in _runs(connection, {row.run_id for row in found})]
            owners = {run.owner for run in ended}
            theirs = {
                row.person: _wishes(row)
                for row in connection.execute(
                    select(wishes).where(
                        wishes.c.person.in_(owners), wishes.c.person.not_in(select(departed.c.name))
                    )
                )
            }
            rows = [
                _row(run.owner, way, target, now, run_id=run.id)
                for run in ended
                if run.owner in theirs and theirs[run.owner].hear(run)
                for way, target in theirs[run.owner].targets().items()
            ]
            known = _known(connection, {row["run_id"] for row in rows})
            fresh = [row for row in rows if (row["run_id"], row["way"]) not in known]
            if fresh:
                connection.execute(insert(notices), fresh)
            put(connection, [report_of(run) for run in ended if has_report(run)], now)
            connection.execute(update(marks).values(change_id=found[-1].id))
            return len(found)

    def add_notice(self, person: str, way: str, target: str, message: Message) -> None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            row = _row(person, Way(way), target, now, subject=message.subject, text=message.text)
            connection.execute(insert(notices).values(row))

    def take_notices(self, limit: int, busy_seconds: float) -> list[Notice]:
        due = (notices.c.state == "waiting", notices.c.not_before)
        with self._database.reading() as connection:
            now = self._database.now(connection)
            first = select(notices.c.id).where(due[0], due[1] <= now).limit(1)
            if connection.execute(first).first() is None:
                return []
        with self._database.writing() as connection:
            now = self._database.now(connection)
            query = select(notices).where(due[0], due[1] <= now).order_by(notices.c.id).limit(limit)
            found = [_notice(row) for row in connection.execute(query)]
            if found:
                mine = notices.c.id.in_([each.id for each in found])
                values = {"not_before": now + busy_seconds, "tries": notices.c.tries + 1}
                connection.execute(update(notices).where(mine).values(values))
            return found

    def notices_sent(self, ids: list[int]) -> None:
        self._mark(ids, {"state": "sent", "words": "", "subject": "", "text": ""})

    def notices_failed(self, ids: list[int], words: str, wait_seconds: float | None) -> None:
        if wait_seconds is None:
            self._mark(ids, {"state": "failed", "words": words[:500]})
            return
        with self._database.writing() as connection:
            again = self._database.now(connection) + wait_seconds
            mine = notices.c.id.in_(ids)
            connection.execute(update(notices).where(mine).values(words=words[:500], not_before=again))

    def notices_of(self, person: str, limit: int = 10) -> list[dict[str, Any]]:
        names = ("at", "way", "run_id", "state", "words", "tries")
        query = select(*(notices.c[name] for name in names)).where(notices.c.person == person)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(notices.c.id.desc()).limit(limit))
            return [dict(row._mapping) for row in found]

    def drop_notices(self, before: float) -> int:
        with self._database.writing() as connection:
            over = (notices.c.at < before) & (notices.c.state != "waiting")
            return connection.execute(delete(notices).where(over)).rowcount

    def forget_wishes(self, person: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(wishes).where(_of(person)))
            connection.execute(delete(notices).where(notices.c.person == person))

    def _mark(self, ids: list[int], values: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(update(notices).where(notices.c.id.in_(ids)).values(values))


def _of(person: str) -> ColumnElement[bool]:
    return wishes.c.person == person


def _ends(connection: Connection, limit: int) -> list[Row[Any]]:
    """Changes since the mark that ended a run. One with a note is about something else."""
    mark = select(func.coalesce(func.max(marks.c.change_id), 0)).scalar_subquery()
    query = (
        select(changes.c.id, changes.c.run_id)
        .where(changes.c.id > mark, changes.c.status.in_(_FINAL), changes.c.note.is_(None))
        .order_by(changes.c.id)
        .limit(limit)
    )
    return list(connection.execute(query))


def _runs(connection: Connection, ids: set[str]) -> list[Row[Any]]:
    return list(connection.execute(select(runs).where(runs.c.id.in_(ids)).order_by(runs.c.finished_at)))


def _known(connection: Connection, ids: set[str]) -> set[tuple[str, str]]:
    query = select(notices.c.run_id, notices.c.way).where(notices.c.run_id.in_(ids))
    return {(row.run_id, row.way) for row in connection.execute(query)}


def _hash(person: str, code: str) -> str:
    return hashlib.sha256(f"{person}\n{code}".encode()).hexdigest()


def _row(
    person: str,
    way: Way,
    target: str,
    now: float,
    run_id: str | None = None,
    subject: str = "",
    text: str = "",
) -> dict[str, Any]:
    state = {"state": "waiting", "words": "", "tries": 0, "not_before": now, "at": now}
    said = {"run_id": run_id, "target": target, "subject": subject, "text": text}
    return {"person": person, "way": way.value, **said, **state}


def _wishes(row: Row[Any]) -> Wishes:
    return Wishes(
        row.person, When(row.when), row.email, row.email_confirmed, row.webhook, row.slack, row.secret
    )


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        row.id, row.person, Way(row.way), row.run_id, row.target, row.subject, row.text, row.tries + 1
    )
