"""The part of the port ``Records`` that keeps connections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection as Link
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.connection_tables import connections, grants, tests, used
from nightdesk.server.adapters.database import Database
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.connection import Connection, Grant, not_there
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run_token import Attempt
from nightdesk.server.ports.connections import ConnectionTest

_ONE = select(connections).where(connections.c.name == bindparam("wanted"))
_ITS_GRANTS = (
    select(grants).where(grants.c.connection == bindparam("wanted")).order_by(grants.c.kind, grants.c.name)
)
_USED = (
    update(connections).where(connections.c.name == bindparam("wanted")).values(last_used_at=bindparam("at"))
)


class ConnectionsSql:
    """Connections."""

    _database: Database

    def connections(self) -> list[Connection]:
        with self._database.reading() as link:
            theirs: dict[str, list[Any]] = {}
            for row in link.execute(select(grants).order_by(grants.c.kind, grants.c.name)):
                theirs.setdefault(row.connection, []).append(row)
            rows = link.execute(select(connections).order_by(connections.c.name))
            return [_connection(row, theirs.get(row.name, ())) for row in rows]

    def connection(self, name: str) -> Connection | None:
        with self._database.reading() as link:
            return _one(link, name)

    def add_connection(self, connection: Connection, note: Note) -> Connection:
        try:
            with self._database.writing() as link:
                now = self._database.now(link)
                row = {**_row(connection), "created_at": now, "created_by": note.by, "last_used_at": None}
                link.execute(insert(connections), {**row, "changed_at": now, "changed_by": note.by})
                note_audit(link, now, note)
                return _there(link, connection.name)
        except IntegrityError as error:
            raise Conflict(
                f"there is a connection '{connection.name}' already",
                "Choose another name, or change that one.",
            ) from error

    def change_connection(self, before: Connection, after: Connection, note: Note) -> Connection:
        with self._database.writing() as link:
            now = self._database.now(link)
            values = {**_row(after), "changed_at": now, "changed_by": note.by}
            if link.execute(_as_read(before).values(**values)).rowcount != 1:
                raise _changed(before.name)
            note_audit(link, now, note)
            return _there(link, before.name)

    def reseal_connections(self, sealed: Sequence[tuple[Connection, str]], note: Note) -> None:
        with self._database.writing() as link:
            for before, text in sealed:
                if link.execute(_as_read(before).values(sealed=text)).rowcount != 1:
                    raise _changed(before.name)
            note_audit(link, self._database.now(link), note)

    def remove_connection(self, name: str, note: Note) -> bool:
        with self._database.writing() as link:
            if link.execute(delete(connections).where(connections.c.name == name)).rowcount != 1:
                return False
            link.execute(delete(grants).where(grants.c.connection == name))
            link.execute(delete(tests).where(tests.c.connection == name))
            note_audit(link, self._database.now(link), note)
            return True

    def grant(self, name: str, grant: Grant, note: Note) -> bool:
        with self._database.writing() as link:
            if _one(link, name) is None:
                return False
            link.execute(delete(grants).where(*_same(name, grant)))
            row = {"connection": name, "kind": grant.kind, "name": grant.name, "write": grant.write}
            link.execute(insert(grants), row)
            note_audit(link, self._database.now(link), note)
            return True

    def revoke(self, name: str, grant: Grant, note: Note) -> bool:
        with self._database.writing() as link:
            gone = link.execute(delete(grants).where(*_same(name, grant))).rowcount
            if gone:
                note_audit(link, self._database.now(link), note)
            return bool(gone)

    def forget_grants(self, kind: Kind, name: str) -> int:
        with self._database.writing() as link:
            return link.execute(delete(grants).where(grants.c.kind == kind, grants.c.name == name)).rowcount

    def note_use(self, name: str, note: Note, attempt: Attempt | None) -> None:
        with self._database.writing() as link:
            now = self._database.now(link)
            if link.execute(_USED, {"wanted": name, "at": now}).rowcount != 1:
                raise not_there(name)
            if attempt is not None:
                row = {"run_id": attempt.run_id, "attempt": attempt.number, "connection": name}
                known = select(used.c.at).where(*(used.c[column] == value for column, value in row.items()))
                if link.execute(known).first() is None:
                    link.execute(insert(used), {**row, "at": now})
            note_audit(link, now, note)

    def used_by(self, run_id: str, attempt: int) -> list[str]:
        query = select(used.c.connection).where(used.c.run_id == run_id, used.c.attempt == attempt)
        with self._database.reading() as link:
            return list(link.scalars(query.order_by(used.c.connection)))

    def add_connection_test(self, test: ConnectionTest) -> None:
        with self._database.writing() as link:
            row = {"id": test.id, "connection": test.connection, "asked_by": test.asked_by}
            now = self._database.now(link)
            link.execute(insert(tests), {**row, "sealed": test.sealed, "created_at": now})

    def take_connection_test(self, within_seconds: float) -> ConnectionTest | None:
        with self._database.reading() as link:  # looked for each second: a writer's turn is dear
            if link.execute(select(tests.c.id).limit(1)).first() is None:
                return None
        with self._database.writing() as link:
            now = self._database.now(link)
            link.execute(delete(tests).where(tests.c.created_at < now - within_seconds))
            waiting = select(tests).where(tests.c.taken_at.is_(None)).order_by(tests.c.created_at).limit(1)
            row = link.execute(waiting).first()
            if row is None:
                return None
            link.execute(update(tests).where(tests.c.id == row.id).values(taken_at=now, sealed=None))
            return _test(row)

    def answer_connection_test(self, test_id: str, answer: Mapping[str, Any]) -> None:
        with self._database.writing() as link:
            link.execute(update(tests).where(tests.c.id == test_id).values(answer=dict(answer)))

    def connection_test(self, test_id: str) -> ConnectionTest | None:
        with self._database.reading() as link:
            row = link.execute(select(tests).where(tests.c.id == test_id)).first()
            return None if row is None else _test(row)

    def drop_connection_test(self, test_id: str) -> None:
        with self._database.writing() as link:
            link.execute(delete(tests).where(tests.c.id == test_id))


def _one(link: Link, name: str) -> Connection | None:
    row = link.execute(_ONE, {"wanted": name}).first()
    return None if row is None else _connection(row, link.execute(_ITS_GRANTS, {"wanted": name}))


def _there(link: Link, name: str) -> Connection:
    found = _one(link, name)
    assert found is not None  # noqa: S101 - it was written in this transaction
    return found


def _changed(name: str) -> Conflict:
    return Conflict(f"connection '{name}' was just changed by somebody else", "Look at it again.")


def _as_read(before: Connection) -> Any:
    """An update of the row as somebody has read it: each change and each new secret makes it another."""
    return update(connections).where(
        connections.c.name == before.name,
        connections.c.changed_at == before.changed_at,
        connections.c.sealed == before.sealed,
    )


def _same(name: str, grant: Grant) -> tuple[Any, ...]:
    return (grants.c.connection == name, grants.c.kind == grant.kind, grants.c.name == grant.name)


def _row(connection: Connection) -> dict[str, Any]:
    return {
        "name": connection.name,
        "kind": connection.kind,
        "title": connection.title,
        "description": connection.description,
        "settings": dict(connection.settings),
        "read_only": connection.read_only,
        "secret_names": list(connection.secret_names),
        "sealed": connection.sealed,
    }


def _connection(row: Any, its_grants: Iterable[Any]) -> Connection:
    return Connection(
        name=row.name,
        kind=ConnectionKind(row.kind),
        title=row.title,
        description=row.description,
        settings=row.settings,
        read_only=row.read_only,
        secret_names=tuple(row.secret_names),
        sealed=row.sealed,
        grants=tuple(Grant(Kind(each.kind), each.name, each.write) for each in its_grants),
        created_at=row.created_at,
        created_by=row.created_by,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        last_used_at=row.last_used_at,
    )


def _test(row: Any) -> ConnectionTest:
    return ConnectionTest(row.id, row.connection, row.asked_by, row.sealed or "", row.answer)
