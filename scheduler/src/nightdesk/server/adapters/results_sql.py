"""The part of the port ``Records`` that keeps what runs print and leave."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.schema import log, outputs, runs
from nightdesk.server.domain.run import Output, Run
from nightdesk.server.ports.records import LogChunk


class ResultsSql:
    """Log pieces and outputs."""

    _database: Database

    def add_log(self, run: Run, chunks: list[LogChunk]) -> None:
        if not chunks:
            return
        with self._database.writing() as connection:
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

    def set_outputs(self, run: Run, outputs_left: list[Output]) -> None:
        with self._database.writing() as connection:
            connection.execute(
                delete(outputs).where(outputs.c.run_id == run.id, outputs.c.attempt == run.attempt)
            )
            rows = [
                {
                    "run_id": run.id,
                    "attempt": run.attempt,
                    "name": output.name,
                    "size": output.size,
                    "sha256": output.sha256,
                }
                for output in outputs_left
            ]
            if rows:
                connection.execute(insert(outputs), rows)

    def outputs(self, run_ids: list[str]) -> dict[str, list[Output]]:
        query = (
            select(outputs)
            .join(runs, (runs.c.id == outputs.c.run_id) & (runs.c.attempt == outputs.c.attempt))
            .where(outputs.c.run_id.in_(run_ids))
            .order_by(outputs.c.name)
        )
        found: dict[str, list[Output]] = {run_id: [] for run_id in run_ids}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found[row.run_id].append(Output(row.name, row.size, row.sha256))
        return found
