"""The part of the port ``Records`` about runs that are shown to others, and about the times of cells."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.run_rows import check_fence, from_row
from nightdesk.server.adapters.schema import runs
from nightdesk.server.adapters.sharing_tables import run_cells, run_shares
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.cell_time import CellTime
from nightdesk.server.domain.errors import TooMany
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.share import MOST_SHARES, Share


class SharingSql:
    """Shares, and times of cells."""

    _database: Database

    def share_run(self, run: Run, share: Share, by: str) -> list[Share]:
        with self._database.writing() as connection:
            known = _shares(connection, run.id)
            if any((each.kind, each.name) == (share.kind, share.name) for each in known):
                return known
            if len(known) >= MOST_SHARES:
                raise TooMany(f"a run is shared with at most {MOST_SHARES}", "Share it with a group.")
            now = self._database.now(connection)
            row = {"run_id": run.id, "kind": share.kind, "name": share.name, "by": by, "at": now}
            connection.execute(insert(run_shares).values(**row))
            note_audit(connection, now, Note(by, "run.shared", run.id, run.owner, f"with {share.words()}"))
            return _shares(connection, run.id)

    def unshare_run(self, run: Run, share: Share, by: str) -> bool:
        same = (run_shares.c.kind == share.kind) & (run_shares.c.name == share.name)
        with self._database.writing() as connection:
            gone = connection.execute(delete(run_shares).where(run_shares.c.run_id == run.id, same)).rowcount
            if gone:
                words = f"no longer with {share.words()}"
                now = self._database.now(connection)
                note_audit(connection, now, Note(by, "run.not shared", run.id, run.owner, words))
            return bool(gone)

    def shares(self, run_id: str) -> list[Share]:
        with self._database.reading() as connection:
            return _shares(connection, run_id)

    def is_shared_with(self, run_id: str, person: str, groups: tuple[str, ...]) -> bool:
        query = select(run_shares.c.run_id).where(run_shares.c.run_id == run_id, _with(person, groups))
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def shared_runs(self, person: str, groups: tuple[str, ...], limit: int) -> list[Run]:
        newest = select(run_shares.c.run_id).where(_with(person, groups)).group_by(run_shares.c.run_id)
        newest = newest.order_by(func.max(run_shares.c.at).desc()).limit(limit)
        query = select(runs).where(runs.c.id.in_(newest), runs.c.owner != person)
        with self._database.reading() as connection:
            order = (runs.c.created_at.desc(), runs.c.id.desc())
            return [from_row(row) for row in connection.execute(query.order_by(*order))]

    def forget_shares(self, kind: Kind, name: str) -> None:
        with self._database.writing() as connection:
            forget_shares(connection, kind, name)

    def set_cells(self, run: Run, cells: Mapping[int, CellTime]) -> None:
        with self._database.writing() as connection:
            check_fence(connection, run)
            put_cells(connection, run, cells)

    def cells(self, run: Run) -> dict[int, CellTime]:
        same = (run_cells.c.run_id == run.id) & (run_cells.c.attempt == run.attempt)
        with self._database.reading() as connection:
            kept = connection.execute(select(run_cells.c.cells).where(same)).scalar() or {}
            return {int(number): CellTime(status, seconds) for number, (status, seconds) in kept.items()}


def put_cells(connection: Connection, run: Run, cells: Mapping[int, CellTime]) -> None:
    """The times of an attempt's cells, in place of those that are there."""
    same = (run_cells.c.run_id == run.id) & (run_cells.c.attempt == run.attempt)
    connection.execute(delete(run_cells).where(same))
    if cells:
        kept = {str(number): [each.status, each.seconds] for number, each in cells.items()}
        connection.execute(insert(run_cells).values(run_id=run.id, attempt=run.attempt, cells=kept))


def forget_shares(connection: Connection, kind: Kind, name: str) -> None:
    """Nothing is shared any more with who had this name."""
    connection.execute(delete(run_shares).where(run_shares.c.kind == kind, run_shares.c.name == name))


def _with(person: str, groups: tuple[str, ...]) -> ColumnElement[bool]:
    theirs = and_(run_shares.c.kind == Kind.PERSON, run_shares.c.name == person)
    return or_(theirs, and_(run_shares.c.kind == Kind.GROUP, run_shares.c.name.in_(groups)))


def _shares(connection: Connection, run_id: str) -> list[Share]:
    query = (
        select(run_shares).where(run_shares.c.run_id == run_id).order_by(run_shares.c.at, run_shares.c.name)
    )
    return [Share(Kind(row.kind), row.name, row.by, row.at) for row in connection.execute(query)]
