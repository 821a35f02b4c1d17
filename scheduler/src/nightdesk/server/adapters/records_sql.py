"""The port ``Records`` over SQLAlchemy Core: runs and the queue. Log, outputs and environments are mixed in."""

from __future__ import annotations

import statistics
import zlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from nightdesk.server.adapters.announcements_sql import AnnouncementsSql
from nightdesk.server.adapters.audit_sql import LAST_HASH, AuditSql, lock_chain, note_after
from nightdesk.server.adapters.builds_sql import BuildsSql
from nightdesk.server.adapters.cancelling import cancel
from nightdesk.server.adapters.catalogue_sql import LAST_CHANGE, CatalogueSql
from nightdesk.server.adapters.connections_sql import ConnectionsSql
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.environment_tables import versions
from nightdesk.server.adapters.errands_sql import ErrandsSql
from nightdesk.server.adapters.leaving_sql import LeavingSql
from nightdesk.server.adapters.list_sql import ListSql
from nightdesk.server.adapters.metrics_sql import MetricsSql
from nightdesk.server.adapters.notices_sql import NoticesSql
from nightdesk.server.adapters.pipelines_sql import PipelinesSql
from nightdesk.server.adapters.policies_sql import PoliciesSql
from nightdesk.server.adapters.queue_sql import WAITING_COUNT, QueueSql
from nightdesk.server.adapters.reports_sql import ReportsSql
from nightdesk.server.adapters.results_sql import ResultsSql
from nightdesk.server.adapters.retention_sql import RetentionSql
from nightdesk.server.adapters.run_rows import error_row, from_row, lost, note, one, to_row, uptime
from nightdesk.server.adapters.schedules_sql import SchedulesSql
from nightdesk.server.adapters.schema import SUCCEEDED, departed, run_groups, runs
from nightdesk.server.adapters.schema import changes as change_table
from nightdesk.server.adapters.schema import inputs as input_table
from nightdesk.server.adapters.sharing_sql import SharingSql
from nightdesk.server.adapters.sweeps_sql import SweepsSql
from nightdesk.server.adapters.ticks_sql import TicksSql
from nightdesk.server.adapters.together import Together
from nightdesk.server.adapters.use_sql import UseSql, home_of, note_span, seconds_of_runs
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.environment import Offer
from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.history import RunChange
from nightdesk.server.domain.policy import Limit
from nightdesk.server.domain.run import Run, Status, check_transition
from nightdesk.server.domain.use import Month
from nightdesk.server.ports.records import NO_LIMITS, Standing

_ADD = insert(runs)
_ADD_GROUPS = insert(run_groups)
_ADD_INPUTS = insert(input_table)
_INPUT = select(input_table.c.content).where(
    input_table.c.run_id == bindparam("run_id"), input_table.c.name == bindparam("name")
)
# In one question: what may have happened since the run was checked (the environment's version was removed, the owner
# was disabled), and what the run's entry in the audit log comes after.
_BEFORE = select(
    exists()
    .where(
        versions.c.environment == bindparam("environment"),
        versions.c.version == bindparam("version"),
        versions.c.offer == Offer.REMOVED,
    )
    .label("removed"),
    exists().where(departed.c.name == bindparam("owner")).label("disabled"),
    LAST_HASH.scalar_subquery().label("last_hash"),
)
_EARLIER = 5  # runs of the same name that say how long the next one takes
_TIMES = (
    select(runs.c.finished_at - runs.c.started_at)
    .where(SUCCEEDED, runs.c.owner == bindparam("owner"), runs.c.name == bindparam("name"))
    .order_by(runs.c.created_at.desc())
    .limit(_EARLIER)
)

# In one question: how many of the owner's runs wait, and whether the list of versions is still the one at hand.
_STANDING = select(WAITING_COUNT.scalar_subquery(), LAST_CHANGE.scalar_subquery())


class RecordsSql(
    ListSql,
    QueueSql,
    ResultsSql,
    CatalogueSql,
    BuildsSql,
    AuditSql,
    LeavingSql,
    PoliciesSql,
    UseSql,
    AnnouncementsSql,
    MetricsSql,
    ReportsSql,
    NoticesSql,
    SchedulesSql,
    TicksSql,
    ConnectionsSql,
    ErrandsSql,
    RetentionSql,
    PipelinesSql,
    SweepsSql,
    SharingSql,
):
    """The database behind the platform."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = Together(database)

    def now(self) -> float:
        with self._database.reading() as connection:
            return self._database.now(connection)

    def uptime(self) -> float:
        return uptime()

    def add_run(self, run: Run, inputs: Mapping[str, bytes] | None = None) -> tuple[Run, bool]:
        row = to_row(run)
        kept = [
            {"run_id": run.id, "name": name, "content": zlib.compress(content, 1)}
            for name, content in (inputs or {}).items()
        ]

        def add(connection: Connection) -> None:
            wanted = {"environment": run.environment, "version": run.version, "owner": run.owner}
            lock_chain(connection)
            before = connection.execute(_BEFORE, wanted).one()
            if before.disabled:
                raise Conflict(f"the account of {run.owner} is disabled: nothing is run for them")
            if before.removed:
                raise Conflict(f"{run.environment}:{run.version} has just been removed", "Choose another.")
            connection.execute(_ADD, row)
            if run.groups:
                of_run = {"run_id": run.id, "owner": run.owner}
                connection.execute(
                    _ADD_GROUPS, [{**of_run, "group_name": group} for group in dict.fromkeys(run.groups)]
                )
            if kept:
                connection.execute(_ADD_INPUTS, kept)
            note(connection, run, run.created_at)
            words = f"{run.name} in {run.environment}:{run.version}"
            submitted = Note(run.submitted_by, "run.submitted", run.id, run.owner, words)
            note_after(connection, before.last_hash, run.created_at, submitted)

        try:
            self._together.make(add)
        except IntegrityError:
            known = self.run_by_key(run.owner, run.key) if run.key is not None else None
            if known is None:
                raise
            return known, False
        return run, True

    def run_input(self, run_id: str, name: str) -> bytes | None:
        with self._database.reading() as connection:
            content = connection.execute(_INPUT, {"run_id": run_id, "name": name}).scalar()
            return None if content is None else zlib.decompress(content)

    def run_inputs(self, run_id: str) -> list[str]:
        query = select(input_table.c.name).where(input_table.c.run_id == run_id)
        with self._database.reading() as connection:
            return list(connection.scalars(query))

    def run(self, run_id: str) -> Run | None:
        with self._database.reading() as connection:
            return one(connection, run_id)

    def run_by_key(self, owner: str, key: str) -> Run | None:
        with self._database.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.owner == owner, runs.c.key == key)).first()
            return None if row is None else from_row(row)

    def change(self, run: Run, **changes: Any) -> Run:
        new = changes.get("status", run.status)
        if new != run.status:
            check_transition(run.status, new)
        with self._database.writing() as connection:
            now = self._database.now(connection)
            values = dict(changes)
            if "error" in values:
                values.update(error_row(values.pop("error")))
            if new != run.status:
                if new.final:
                    values.update(finished_at=now, worker=None)
                if new is Status.RUNNING:
                    values.update(started_at=now, started_uptime=uptime())
            done = connection.execute(
                update(runs)
                .where(
                    runs.c.id == run.id,
                    runs.c.attempt == run.attempt,
                    runs.c.fence == run.fence,
                    runs.c.status == run.status,
                )
                .values(**values)
            )
            if done.rowcount != 1:
                raise lost(run)
            changed = one(connection, run.id)
            assert changed is not None  # noqa: S101 - it was updated in this transaction
            if new != run.status:
                note(connection, changed, now)
                note_span(connection, run, changed, now)
            return changed

    def request_cancel(self, run_id: str, by: str) -> Run | None:
        with self._database.writing() as connection:
            return cancel(connection, run_id, by, self._database.now(connection))

    def standing(self, owner: str, name: str, limits: Mapping[Limit, float] = NO_LIMITS) -> Standing:
        with self._database.reading() as connection:
            took = connection.scalars(_TIMES, {"owner": owner, "name": name})
            seconds = [each for each in took if each is not None]
            waiting, change = connection.execute(_STANDING, {"owner": owner}).one()
            now = self._database.now(connection)
            run_seconds = 0.0
            if Limit.RUN_HOURS in limits:
                run_seconds = seconds_of_runs(connection, owner, Month.of(now).start, now)
            home = home_of(connection, owner) if Limit.HOME in limits else None
            return Standing(
                now,
                waiting,
                max(statistics.median(seconds), 0.0) if seconds else None,
                self._listed(connection, change),
                run_seconds,
                None if home is None else home.bytes,
            )

    def history(self, run_id: str) -> list[RunChange]:
        query = select(change_table).where(change_table.c.run_id == run_id).order_by(change_table.c.id)
        with self._database.reading() as connection:
            return [
                RunChange(row.at, row.attempt, Status(row.status), row.worker, row.reason, row.note)
                for row in connection.execute(query)
            ]
