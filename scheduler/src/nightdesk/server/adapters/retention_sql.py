"""The part of the port ``Records`` about how long outputs stay."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, delete, func, insert, select, update

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.pipeline_rows import pipelines, steps
from nightdesk.server.adapters.report_tables import reports
from nightdesk.server.adapters.reports_sql import versions_of
from nightdesk.server.adapters.retention_tables import to_clear
from nightdesk.server.adapters.run_rows import note, one
from nightdesk.server.adapters.schedule_rows import schedules
from nightdesk.server.adapters.schema import SUCCEEDED, outputs, runs
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.pipeline import PipelineStatus
from nightdesk.server.domain.report import Report
from nightdesk.server.domain.retention import Stored, StoreUse
from nightdesk.server.domain.run import Run, Status

_BUSY = (Status.QUEUED, Status.STARTING, Status.RUNNING)
_PLATFORM = "nightdesk"


class RetentionSql:
    """Keep marks, and outputs that were removed."""

    _database: Database

    def keep_run(self, run_id: str, by: str) -> Run | None:
        return self._mark_kept(run_id, by, keep=True)

    def unkeep_run(self, run_id: str, by: str) -> Run | None:
        return self._mark_kept(run_id, by, keep=False)

    def _mark_kept(self, run_id: str, by: str, keep: bool) -> Run | None:
        with self._database.writing() as connection:
            now = self._database.now(connection)
            mark: dict[str, Any] = (
                {"kept_by": by, "kept_at": now} if keep else {"kept_by": None, "kept_at": None}
            )
            other = runs.c.kept_at.is_(None) if keep else runs.c.kept_at.is_not(None)
            done = connection.execute(update(runs).where(runs.c.id == run_id, other).values(**mark))
            run = one(connection, run_id)
            if run is not None and done.rowcount:
                action = "run.kept" if keep else "run.not kept"
                note_audit(connection, now, Note(by, action, run.id, run.owner, run.name))
            return run

    def stored_runs(self) -> list[Stored]:
        query = (
            select(
                runs.c.id,
                runs.c.owner,
                runs.c.name,
                runs.c.finished_at,
                func.sum(outputs.c.size),
                runs.c.kept_at.is_not(None),
            )
            .join(outputs, outputs.c.run_id == runs.c.id)
            .where(runs.c.finished_at.is_not(None), runs.c.status.not_in(_BUSY))
            .group_by(runs.c.id)
        )
        with self._database.reading() as connection:
            return [
                Stored(row[0], row[1], row[2], row[3], int(row[4]), bool(row[5]))
                for row in connection.execute(query)
            ]

    def protected_runs(self) -> set[str]:
        with self._database.reading() as connection:
            found: set[str] = set()
            for row in connection.execute(select(reports)).all():
                newest = versions_of(Report(**row._asdict())).order_by(
                    runs.c.created_at.desc(), runs.c.id.desc()
                )
                found |= {version.id for version in connection.execute(newest.limit(1))}
            # Of each schedule the newest run that went well.
            last = select(runs.c.schedule_id, func.max(runs.c.created_at).label("at"))
            last = last.where(SUCCEEDED, runs.c.schedule_id.in_(select(schedules.c.id))).group_by(
                runs.c.schedule_id
            )
            good = last.subquery()
            same = (runs.c.schedule_id == good.c.schedule_id) & (runs.c.created_at == good.c.at)
            found |= set(connection.scalars(select(runs.c.id).join(good, same)))
            # What steps of pipelines that are not over may still read.
            steps_read = select(steps.c.run_id).join(pipelines, pipelines.c.id == steps.c.pipeline_id)
            found |= set(
                connection.scalars(
                    steps_read.where(
                        pipelines.c.status == PipelineStatus.RUNNING, steps.c.run_id.is_not(None)
                    )
                )
            )
            waiting = select(runs.c.sources).where(runs.c.status.in_(_BUSY), runs.c.sources.is_not(None))
            for sources in connection.scalars(waiting):
                found |= {source["run"] for source in sources}
            return found

    def remove_outputs(self, run_id: str, why: str) -> bool:
        with self._database.writing() as connection:
            run = one(connection, run_id)
            if run is None or not run.final or run.kept_at is not None:
                return False
            total = connection.scalar(select(func.sum(outputs.c.size)).where(outputs.c.run_id == run_id))
            if total is None:
                return False
            now = self._database.now(connection)
            connection.execute(delete(outputs).where(outputs.c.run_id == run_id))
            gone = {"removed_at": now, "removed_why": why, "removed_bytes": int(total)}
            connection.execute(update(runs).where(runs.c.id == run_id).values(**gone))
            if connection.execute(select(to_clear).where(to_clear.c.run_id == run_id)).first() is None:
                connection.execute(insert(to_clear).values(run_id=run_id))
            words = f"its outputs ({human_bytes(int(total))}) were removed: {why}"
            note(connection, run, now, words)
            note_audit(connection, now, Note(_PLATFORM, "outputs.removed", run.id, run.owner, words))
            return True

    def to_clear(self) -> list[str]:
        with self._database.reading() as connection:
            return list(connection.scalars(select(to_clear.c.run_id)))

    def cleared(self, run_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(to_clear).where(to_clear.c.run_id == run_id))

    def store_use(self, person: str | None = None) -> dict[str, StoreUse]:
        size, kept = func.sum(outputs.c.size), runs.c.kept_at.is_not(None)
        query: Select[Any] = (
            select(
                runs.c.owner,
                size,
                func.count(runs.c.id.distinct()),
                func.sum(case((kept, outputs.c.size), else_=0)),
                func.count(case((kept, runs.c.id)).distinct()),
            )
            .join(outputs, outputs.c.run_id == runs.c.id)
            .group_by(runs.c.owner)
        )
        if person is not None:
            query = query.where(runs.c.owner == person)
        with self._database.reading() as connection:
            return {row[0]: StoreUse(*(int(part) for part in row[1:])) for row in connection.execute(query)}
