"""The part of the port ``Records`` that keeps what runs print and leave."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.run_rows import check_fence
from nightdesk.server.adapters.schema import log, outputs, runs, usage
from nightdesk.server.adapters.sharing_sql import put_cells
from nightdesk.server.domain.cell_time import CellTime
from nightdesk.server.domain.run import Output, Run
from nightdesk.server.ports.records import NO_CELLS, LogChunk, Usage


class ResultsSql:
    """Log pieces and outputs."""

    _database: Database

    def add_log(self, run: Run, chunks: list[LogChunk]) -> None:
        if not chunks:
            return
        with self._database.writing() as connection:
            check_fence(connection, run)
            now = self._database.now(connection)
            last = connection.execute(
                select(func.max(log.c.number)).where(log.c.run_id == run.id, log.c.attempt == run.attempt)
            ).scalar_one()
            rows = [
                {
                    "run_id": run.id,
                    "attempt": run.attempt,
                    "number": chunk.number,
                    "start": chunk.start,
                    "stream": chunk.stream,
                    "cell": chunk.cell,
                    "text": chunk.text.replace("\x00", "�"),  # PostgreSQL keeps no NUL
                    "written_at": now,
                }
                for chunk in chunks
                if last is None or chunk.number > last
            ]
            if rows:
                connection.execute(insert(log), rows)

    def log(self, run: Run, start: int = 0, limit: int = 500) -> list[LogChunk]:
        query = (
            select(log)
            .where(log.c.run_id == run.id, log.c.attempt == run.attempt, log.c.start >= start)
            .order_by(log.c.number)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [
                LogChunk(row.number, row.start, row.stream, row.cell, row.text)
                for row in connection.execute(query)
            ]

    def log_end(self, run: Run) -> tuple[int, int]:
        query = (
            select(log.c.number, log.c.start, func.length(log.c.text).label("length"))
            .where(log.c.run_id == run.id, log.c.attempt == run.attempt)
            .order_by(log.c.number.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            return (0, 0) if row is None else (row.number, row.start + row.length)

    def drop_logs(self, ended_before: float) -> int:
        with self._database.writing() as connection:
            ended = (
                select(runs.c.id).where(runs.c.id == log.c.run_id, runs.c.finished_at < ended_before).exists()
            )
            return connection.execute(delete(log).where(log.c.written_at < ended_before, ended)).rowcount

    def add_usage(self, run: Run, sample: Usage) -> None:
        values = {
            "run_id": run.id,
            "attempt": run.attempt,
            "cpus": sample.cpus,
            "memory_bytes": sample.memory_bytes,
            "disk_bytes": sample.disk_bytes,
        }
        # A clock that is set back may come to the same moment twice: one sample of it is enough.
        with contextlib.suppress(IntegrityError), self._database.writing() as connection:
            connection.execute(insert(usage).values(at=self._database.now(connection), **values))

    def usage(self, run: Run, after: float = 0.0) -> list[Usage]:
        query = _usage_of(run).where(usage.c.at > after).order_by(usage.c.at)
        with self._database.reading() as connection:
            return [_usage(row) for row in connection.execute(query)]

    def latest_usage(self, run: Run) -> Usage | None:
        with self._database.reading() as connection:
            row = connection.execute(_usage_of(run).order_by(usage.c.at.desc()).limit(1)).first()
            return None if row is None else _usage(row)

    def drop_usage(self, ended_before: float) -> int:
        with self._database.writing() as connection:
            ended = (
                select(runs.c.id)
                .where(runs.c.id == usage.c.run_id, runs.c.finished_at < ended_before)
                .exists()
            )
            return connection.execute(delete(usage).where(usage.c.at < ended_before, ended)).rowcount

    def set_outputs(
        self, run: Run, outputs_left: list[Output], cells: Mapping[int, CellTime] = NO_CELLS
    ) -> None:
        with self._database.writing() as connection:
            check_fence(connection, run)
            connection.execute(
                delete(outputs).where(outputs.c.run_id == run.id, outputs.c.attempt == run.attempt)
            )
            rows = [_output_row(run, output) for output in outputs_left]
            if rows:
                connection.execute(insert(outputs), rows)
            if cells:
                put_cells(connection, run, cells)

    def add_output(self, run: Run, output: Output) -> None:
        # Two may make the same page at the same time: the first one's is kept.
        with contextlib.suppress(IntegrityError), self._database.writing() as connection:
            connection.execute(insert(outputs).values(_output_row(run, output)))

    def outputs(self, run_ids: list[str], attempt: int | None = None) -> dict[str, list[Output]]:
        query = select(outputs).where(outputs.c.run_id.in_(run_ids)).order_by(outputs.c.name)
        if attempt is None:
            query = query.join(runs, (runs.c.id == outputs.c.run_id) & (runs.c.attempt == outputs.c.attempt))
        else:
            query = query.where(outputs.c.attempt == attempt)
        found: dict[str, list[Output]] = {run_id: [] for run_id in run_ids}
        with self._database.reading() as connection:
            for run_id, _attempt, name, size, sha256 in connection.execute(query):
                found[run_id].append(Output(name, size, sha256))
        return found


def _output_row(run: Run, output: Output) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "attempt": run.attempt,
        "name": output.name,
        "size": output.size,
        "sha256": output.sha256,
    }


def _usage_of(run: Run) -> Select[Any]:
    return select(usage).where(usage.c.run_id == run.id, usage.c.attempt == run.attempt)


def _usage(row: Row[Any]) -> Usage:
    return Usage(row.at, row.cpus, row.memory_bytes, row.disk_bytes)
