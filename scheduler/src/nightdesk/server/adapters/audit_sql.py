"""The part of the port ``Records`` that keeps the audit log. There is no statement here that changes an entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, Select, and_, bindparam, func, insert, or_, select, text

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.schema import audit
from nightdesk.server.domain.audit import ACTIONS, AuditFilter, Entry, Note, Verdict, entry_of, seal

_COLUMNS = [column.name for column in audit.columns if column.name != "id"]
_ADD = insert(audit)
LAST_HASH = select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)
_KNOWN = select(audit.c.id).where(audit.c.key == bindparam("wanted"), audit.c.key.is_not(None))
_NEWEST_FIRST = (audit.c.at.desc(), audit.c.id.desc())
_PROBE = 3000  # entries that are counted to find out which condition leaves the fewest
_BATCH = 5000  # entries of the chain in one look

Pairs = tuple[tuple[Column[Any], str], ...]


def note(connection: Connection, at: float, what: Note) -> None:
    """Add an entry within a transaction that writes; ``at`` is when it happened."""
    lock_chain(connection)
    note_after(connection, connection.execute(LAST_HASH).scalar_one_or_none(), at, what)


def lock_chain(connection: Connection) -> None:
    """Nobody else adds an entry until the transaction ends; as SQLite has it by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(778802)"))


def note_after(connection: Connection, last: str | None, at: float, what: Note) -> None:
    """The same for who has locked the chain and read :data:`LAST_HASH` with something else."""
    entry = seal(last or "", entry_of(what, at))
    connection.execute(_ADD, {name: getattr(entry, name) for name in _COLUMNS})


def note_many(connection: Connection, at: float, notes: list[Note]) -> None:
    """Add entries at once, in this order."""
    lock_chain(connection)
    last = connection.execute(LAST_HASH).scalar_one_or_none() or ""
    rows = []
    for each in notes:
        entry = seal(last, entry_of(each, at))
        rows.append({name: getattr(entry, name) for name in _COLUMNS})
        last = entry.hash
    if rows:
        connection.execute(_ADD, rows)


class AuditSql:
    """Who did what."""

    _database: Database

    def note(self, note: Note) -> None:
        with self._database.writing() as connection:
            _add(connection, self._database.now(connection), note)

    def note_arrived(self, notes: Iterable[tuple[float, Note]]) -> int:
        new = 0
        with self._database.writing() as connection:
            for at, each in notes:
                if each.key is None or connection.execute(_KNOWN, {"wanted": each.key}).first() is None:
                    _add(connection, at, each)
                    new += 1
        return new

    def entries(self, wanted: AuditFilter) -> list[Entry]:
        found: dict[int, Entry] = {}
        with self._database.reading() as connection:
            for pairs in _ways(wanted):
                query = _along(connection, wanted, pairs)
                found |= {row.id: Entry(**row._asdict()) for row in connection.execute(query)}
        newest = sorted(found.values(), key=lambda entry: (entry.at, entry.id), reverse=True)
        return newest[: wanted.limit]

    def verify(self) -> Verdict:
        before, count = "", 0
        for entry in self._in_order():
            if seal(before, entry).hash != entry.hash:
                return Verdict(count, before, entry.id)
            before, count = entry.hash, count + 1
        return Verdict(count, before)

    def _in_order(self) -> Iterator[Entry]:
        last = 0
        query = select(audit).where(audit.c.id > bindparam("last")).order_by(audit.c.id).limit(_BATCH)
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(query, {"last": last}).all()
            if not rows:
                return
            for row in rows:
                yield Entry(**row._asdict())
            last = rows[-1].id


_add = note  # the method of the same name hides it within the class


def _ways(wanted: AuditFilter) -> Iterator[Pairs]:
    """The conditions as sets of equalities, each of which an index can serve: what fits any of them fits."""
    fixed: list[tuple[Column[Any], str]] = []
    if wanted.by is not None:
        fixed.append((audit.c.by, wanted.by))
    if wanted.address is not None:
        fixed.append((audit.c.address, wanted.address))
    concerned: list[Pairs] = [()]
    if wanted.on is not None:
        concerned = [((audit.c.object, wanted.on),), ((audit.c.whom, wanted.on),)]
    actions: list[Pairs] = [()]
    if wanted.action is not None:
        kind = [action for action in ACTIONS if action.partition(".")[0] == wanted.action]
        actions = [((audit.c.action, action),) for action in kind or [wanted.action]]
    for one in concerned:
        for other in actions:
            yield (*fixed, *one, *other)


def _along(connection: Connection, wanted: AuditFilter, pairs: Pairs) -> Select[Any]:
    """The query of one way, led along the index that leaves the fewest entries to look at."""
    lead = pairs[0] if pairs else None
    if len(pairs) > 1:
        lead = min(pairs, key=lambda pair: _at_least(connection, wanted, pair))
    query = _between(select(audit), wanted).order_by(*_NEWEST_FIRST).limit(wanted.limit)
    for pair in pairs:
        column, value = pair
        # An expression has no index: what does not lead is only looked at.
        query = query.where(*_exactly(pair)) if pair is lead else query.where(column.concat("") == value)
    return query


def _at_least(connection: Connection, wanted: AuditFilter, pair: tuple[Column[Any], str]) -> int:
    """How many entries fit this one condition, counted as far as the probe goes."""
    some = _between(select(audit.c.at), wanted).where(*_exactly(pair)).limit(_PROBE).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _exactly(pair: tuple[Column[Any], str]) -> list[Any]:
    """The condition; with what the index of that column leaves out, so that it can be taken."""
    column, value = pair
    return [column == value, column != ""] if column.name in {"object", "whom"} else [column == value]


def _between(query: Select[Any], wanted: AuditFilter) -> Select[Any]:
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit.c.at < wanted.until)
    if wanted.before is not None:
        at, last = wanted.before
        earlier = or_(audit.c.at < at, and_(audit.c.at == at, audit.c.id < last))
        # The first condition says nothing new, but lets the index begin there.
        query = query.where(audit.c.at <= at, earlier)
    return query
