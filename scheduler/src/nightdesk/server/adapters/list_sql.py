"""The part of the port ``Records`` that lists runs, quickly however many there are.

A list walks along an index in its own order and stops when it is full. Of a name that few runs have
that would be a walk along all of them: after a while the names are looked through instead, of which
there are far fewer than runs, and the newest runs of each that fits are put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, func, or_, select, true

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.run_rows import from_row
from nightdesk.server.adapters.schema import run_groups, runs
from nightdesk.server.domain.pattern import Pattern
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.records import Audience, RunFilter

_WALK = 1000  # runs that are looked at before the names are
_LEAPS = 2000  # from one name to the next
_MANY = 60  # names: a run of one of so many is met soon enough on the way
_MANY_OWNERS = 200
_PLACE = (runs.c.id, runs.c.name, runs.c.created_at)
_NEWEST_FIRST = (runs.c.created_at.desc(), runs.c.id.desc())


class ListSql:
    """Lists of runs."""

    _database: Database

    def runs(self, wanted: RunFilter) -> list[Run]:
        with self._database.reading() as connection:
            if wanted.name is None and wanted.owner is None and wanted.seen_by is not None:
                query = _newest_seen(connection, wanted, wanted.seen_by)
            elif wanted.name is None:
                query = _listed(select(runs), wanted).limit(wanted.limit)
            else:
                ids = _ids_named(connection, wanted, wanted.name)
                query = select(runs).where(runs.c.id.in_(ids)).order_by(*_NEWEST_FIRST)
            return [from_row(row) for row in connection.execute(query)]


def _listed(query: Select[Any], wanted: RunFilter) -> Select[Any]:
    """All of the filter but the name, and the order."""
    if wanted.owner is not None:
        query = query.where(runs.c.owner == wanted.owner)
    for column, value in _exactly(wanted):
        query = query.where(column == value)
    return _between(_seen(query, wanted), wanted).order_by(*_NEWEST_FIRST)


def _seen(query: Select[Any], wanted: RunFilter) -> Select[Any]:
    """Without what the audience may not see."""
    audience = wanted.seen_by
    if audience is None or wanted.owner == audience.name:
        return query
    return query.where(_shown(runs, audience))


def _shown(table: Any, audience: Audience) -> ColumnElement[bool]:
    """What of these runs the audience may see."""
    own: ColumnElement[bool] = table.c.owner == audience.name
    if not audience.groups:
        return own
    of_run = select(run_groups.c.run_id).where(
        run_groups.c.run_id == table.c.id, run_groups.c.group_name.in_(sorted(audience.groups))
    )
    return or_(own, of_run.correlate(table).exists())


def _newest_seen(connection: Connection, wanted: RunFilter, audience: Audience) -> Select[Any]:
    """What somebody sees: found among the newest runs of all, or put together from the newest of each person.

    A walk along everybody's runs would be long where a group has made few of them; each person's own are in
    an index, whatever else is filtered. Where they see very many people, a walk meets enough of their runs.
    """
    ids = _met_first(connection, wanted, audience)
    if len(ids) < wanted.limit:
        owners = _owners(connection, audience)
        if len(owners) > _MANY_OWNERS:
            return _listed(select(runs), wanted).limit(wanted.limit)
        newest: list[Row[Any]] = []
        for owner in owners:
            theirs = _listed(select(*_PLACE), replace(wanted, owner=owner)).limit(wanted.limit)
            newest += connection.execute(theirs)
        newest.sort(key=lambda row: (row.created_at, row.id), reverse=True)
        ids = [row.id for row in newest[: wanted.limit]]
    return select(runs).where(runs.c.id.in_(ids)).order_by(*_NEWEST_FIRST)


def _met_first(connection: Connection, wanted: RunFilter, audience: Audience) -> list[str]:
    """Those that are met on a short walk along all runs."""
    walk = _listed(select(*_PLACE, runs.c.owner), replace(wanted, seen_by=None)).limit(_WALK).subquery()
    met = select(walk.c.id).where(_shown(walk, audience))
    met = met.order_by(walk.c.created_at.desc(), walk.c.id.desc()).limit(wanted.limit)
    return list(connection.scalars(met))


def _owners(connection: Connection, audience: Audience) -> list[str]:
    """Who has runs in these groups, and the person: by leaps along the index."""
    found = {audience.name}
    for group in sorted(audience.groups):
        theirs = run_groups.c.group_name == group
        first = (
            select(func.min(run_groups.c.owner).label("owner")).where(theirs).cte("owners", recursive=True)
        )
        further = select(func.min(run_groups.c.owner)).where(theirs, run_groups.c.owner > first.c.owner)
        every = first.union_all(select(further.scalar_subquery()).where(first.c.owner.is_not(None)))
        found.update(connection.scalars(select(every.c.owner).where(every.c.owner.is_not(None))))
    return sorted(found)


def _exactly(wanted: RunFilter) -> list[tuple[Column[Any], str]]:
    pairs = (
        (runs.c.status, wanted.status),
        (runs.c.environment, wanted.environment),
        (runs.c.version, wanted.version),
        (runs.c.sweep_id, wanted.sweep),
    )
    return [(column, value) for column, value in pairs if value is not None]


def _between(query: Select[Any], wanted: RunFilter) -> Select[Any]:
    if wanted.since is not None:
        query = query.where(runs.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(runs.c.created_at < wanted.until)
    if wanted.before is not None:
        at, last = wanted.before
        earlier = or_(runs.c.created_at < at, and_(runs.c.created_at == at, runs.c.id < last))
        # The first condition says nothing new, but lets the index begin there.
        query = query.where(runs.c.created_at <= at, earlier)
    return query


def _ids_named(connection: Connection, wanted: RunFilter, name: str) -> list[str]:
    """The ids of the newest runs that are called so."""
    pattern = Pattern(name)
    if pattern.exact:
        return [row.id for row in connection.execute(_of_name(wanted, name))]
    walk = _listed(select(*_PLACE), wanted)
    begun = walk.limit(_WALK).subquery()
    met = select(begun).where(begun.c.name.icontains(pattern.part, autoescape=True))
    rows = connection.execute(met.order_by(begun.c.created_at.desc(), begun.c.id.desc()))
    found = _fitting(rows, pattern, wanted.limit)
    if len(found) == wanted.limit:
        return found
    named = [one for one in _names(connection, wanted, pattern) if pattern.fits(one)]
    if len(named) > _MANY:
        likely = walk.where(runs.c.name.icontains(pattern.part, autoescape=True))
        with connection.execute(likely.execution_options(yield_per=_WALK)) as rows:
            return _fitting(rows, pattern, wanted.limit)
    newest: list[Row[Any]] = []
    for one in named:
        newest += connection.execute(_of_name(wanted, one))
    newest.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    return [row.id for row in newest[: wanted.limit]]


def _names(connection: Connection, wanted: RunFilter, pattern: Pattern) -> Sequence[str]:
    """The names that there are: by leaps along their index, or all in one go where each run has its own."""
    theirs = true() if wanted.owner is None else runs.c.owner == wanted.owner
    first = select(func.min(runs.c.name).label("name")).where(theirs).cte("names", recursive=True)
    following = select(func.min(runs.c.name)).where(theirs, runs.c.name > first.c.name).scalar_subquery()
    every = first.union_all(select(following).where(first.c.name.is_not(None)))
    leaps = select(every.c.name).where(every.c.name.is_not(None)).limit(_LEAPS)
    names = connection.scalars(leaps).all()
    if len(names) < _LEAPS:
        return names
    likely = runs.c.name.icontains(pattern.part, autoescape=True)
    return connection.scalars(select(runs.c.name).where(theirs, likely).distinct()).all()


def _of_name(wanted: RunFilter, name: str) -> Select[Any]:
    query = _seen(select(*_PLACE).where(runs.c.name == name), wanted)
    if wanted.owner is not None:
        query = query.where(runs.c.owner == wanted.owner)
    # Expressions, or an index of another order would be taken, which knows no names.
    for column, value in _exactly(wanted):
        query = query.where(column.concat("") == value)
    order = (runs.c.created_at.desc(), runs.c.id.concat("").desc())
    return _between(query, wanted).order_by(*order).limit(wanted.limit)


def _fitting(rows: Iterable[Row[Any]], pattern: Pattern, limit: int) -> list[str]:
    return list(islice((row.id for row in rows if pattern.fits(row.name)), limit))
