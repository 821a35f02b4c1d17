"""The part of the port ``Records`` that keeps announcements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from nightdesk.server.adapters.audit_sql import note
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.schema import announcements
from nightdesk.server.domain.announcement import MOST_AT_ONCE, Announcement
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errors import Conflict

_NEWEST_FIRST = announcements.c.id.desc()


class AnnouncementsSql:
    """What everybody is told."""

    _database: Database

    def announce(self, announcement: Announcement) -> Announcement:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            if len(_current(connection, now)) >= MOST_AT_ONCE:
                raise Conflict(
                    f"there are {MOST_AT_ONCE} announcements already",
                    "Take one down: `nightdesk announce --clear`.",
                )
            row = _row(replace(announcement, at=now, since=announcement.since or now))
            done = connection.execute(insert(announcements).values(**row))
            number = int(done.inserted_primary_key[0])  # type: ignore[index]
            note(
                connection,
                now,
                Note(announcement.by, "announcement.made", str(number), words=announcement.text),
            )
            return replace(announcement, id=number, at=now, since=row["since"])

    def announcements(self) -> list[Announcement]:
        with self._database.reading() as connection:
            return [_announcement(row) for row in _current(connection, self._database.now(connection))]

    def clear_announcements(self, by: str, number: int | None = None) -> int:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            gone = [row for row in _current(connection, now) if number in {None, row.id}]
            for row in gone:
                values = {"cleared_at": now, "cleared_by": by}
                connection.execute(update(announcements).where(announcements.c.id == row.id).values(**values))
                note(connection, now, Note(by, "announcement.cleared", str(row.id), words=row.text))
            return len(gone)


def _current(connection: Connection, now: float) -> list[Row[Any]]:
    lasting = or_(announcements.c.until.is_(None), announcements.c.until > now)
    query = select(announcements).where(announcements.c.cleared_at.is_(None), lasting).order_by(_NEWEST_FIRST)
    return list(connection.execute(query))


_NAMES = ("at", "by", "text", "level", "link", "since", "until", "before_sign_in")


def _row(announcement: Announcement) -> dict[str, Any]:
    return {name: getattr(announcement, name) for name in _NAMES}


def _announcement(row: Row[Any]) -> Announcement:
    return Announcement(row.id, **{name: getattr(row, name) for name in _NAMES})
