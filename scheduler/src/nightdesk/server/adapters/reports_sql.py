"""The part of the port ``Records`` that keeps reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from nightdesk.server.adapters.audit_sql import note
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.report_tables import report_readers, reports
from nightdesk.server.adapters.run_rows import from_row
from nightdesk.server.adapters.schema import SUCCEEDED, outputs, runs
from nightdesk.server.adapters.sharing_sql import forget_shares
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.report import NOTEBOOK_PAGE, Reader, Report, is_report_name
from nightdesk.server.domain.run import Run, is_id

_PLAIN = [column.name for column in reports.columns]


class ReportsSql:
    """Reports, who reads them, and their versions."""

    _database: Database

    def add_report(self, report: Report, by: str) -> Report:
        try:
            with self._database.writing() as connection:
                now = self._database.now(connection)
                row = _row(report) | {"created_at": now, "changed_at": now}
                connection.execute(insert(reports).values(**row))
                _set_readers(connection, report)
                words = f"{report.source_name} of {report.source_owner}; for {_words(report.readers)}"
                note(connection, now, Note(by, "report.made", report.name, report.owner, words))
        except IntegrityError:
            raise Conflict(
                f"there is a report '{report.name}' already", "Choose another name for its address."
            ) from None
        made = self.report(report.name)
        return report if made is None else made

    def report(self, name: str) -> Report | None:
        if not is_report_name(name):
            return None
        with self._database.reading() as connection:
            found = _read(connection, select(reports).where(reports.c.name == name))
            return found[0] if found else None

    def reports(self) -> list[Report]:
        with self._database.reading() as connection:
            return _read(connection, select(reports).order_by(reports.c.name))

    def change_report(self, report: Report, by: str, words: str) -> Report:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            row = _row(report) | {"changed_at": now}
            del row["created_at"]
            done = connection.execute(update(reports).where(reports.c.name == report.name).values(**row))
            if not done.rowcount:
                raise NotFound(f"there is no report '{report.name}' any more")
            _set_readers(connection, report)
            note(connection, now, Note(by, "report.changed", report.name, report.owner, words))
            return _read(connection, select(reports).where(reports.c.name == report.name))[0]

    def remove_report(self, name: str, by: str) -> bool:
        with self._database.writing() as connection:
            found = _read(connection, select(reports).where(reports.c.name == name))
            connection.execute(delete(reports).where(reports.c.name == name))
            connection.execute(delete(report_readers).where(report_readers.c.report == name))
            for report in found:
                now = self._database.now(connection)
                note(connection, now, Note(by, "report.removed", name, report.owner, report.title))
            return bool(found)

    def forget_reader(self, reader: Reader) -> None:
        with self._database.writing() as connection:
            forget_reader(connection, reader)

    def report_versions(self, report: Report, until: float | None = None, limit: int = 50) -> list[Run]:
        query = versions_of(report)
        if until is not None:
            query = query.where(runs.c.finished_at < until)
        newest = query.order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [from_row(row) for row in connection.execute(newest)]

    def report_version(self, report: Report, run_id: str) -> Run | None:
        if not is_id(run_id):
            return None
        with self._database.reading() as connection:
            row = connection.execute(versions_of(report).where(runs.c.id == run_id)).first()
            return None if row is None else from_row(row)


def forget_reader(connection: Connection, reader: Reader) -> None:
    """Take somebody off all lists; nothing is shared with them any more."""
    same = (report_readers.c.kind == reader.kind) & (report_readers.c.name == reader.name)
    connection.execute(delete(report_readers).where(same))
    forget_shares(connection, reader.kind, reader.name)


def hand_over_reports(connection: Connection, name: str, heir: str) -> None:
    """Somebody's reports, and those of their runs, go where their runs have gone; their name is on no list."""
    connection.execute(update(reports).where(reports.c.owner == name).values(owner=heir))
    connection.execute(update(reports).where(reports.c.source_owner == name).values(source_owner=heir))
    forget_reader(connection, Reader(Kind.PERSON, name))


def versions_of(report: Report) -> Select[Any]:
    """Good runs of the name whose output is still there. A notebook's page is made when it is asked for."""
    names = [report.output] + (["notebook.ipynb"] if report.output == NOTEBOOK_PAGE else [])
    left = (
        select(outputs.c.run_id)
        .where(outputs.c.run_id == runs.c.id, outputs.c.attempt == runs.c.attempt, outputs.c.name.in_(names))
        .exists()
    )
    return select(runs).where(
        SUCCEEDED, runs.c.owner == report.source_owner, runs.c.name == report.source_name, left
    )


def _row(report: Report) -> dict[str, Any]:
    return {name: getattr(report, name) for name in _PLAIN}


def _read(connection: Connection, query: Select[Any]) -> list[Report]:
    rows = connection.execute(query).all()
    readers: dict[str, list[Reader]] = {row.name: [] for row in rows}
    kept = select(report_readers).order_by(report_readers.c.kind, report_readers.c.name)
    if len(rows) == 1:
        kept = kept.where(report_readers.c.report == rows[0].name)
    for row in connection.execute(kept):
        if row.report in readers:
            readers[row.report].append(Reader(Kind(row.kind), row.name))
    return [Report(**row._asdict(), readers=tuple(readers[row.name])) for row in rows]


def _set_readers(connection: Connection, report: Report) -> None:
    connection.execute(delete(report_readers).where(report_readers.c.report == report.name))
    rows = [
        {"report": report.name, "kind": reader.kind, "name": reader.name}
        for reader in dict.fromkeys(report.readers)
    ]
    if rows:
        connection.execute(insert(report_readers), rows)


def _words(readers: Iterable[Reader]) -> str:
    said = [f"{reader.kind} {reader.name}".strip() for reader in readers]
    return ", ".join(said) or "nobody else"
