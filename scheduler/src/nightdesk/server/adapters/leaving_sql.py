"""The part of the port ``Records`` about people who leave."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select, update

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.reports_sql import hand_over_reports
from nightdesk.server.adapters.run_rows import from_row, note, one
from nightdesk.server.adapters.schema import departed, outputs, run_groups, runs
from nightdesk.server.adapters.sweeps_sql import move_sweeps
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.leaving import Owned
from nightdesk.server.domain.run import Status

_GOING_ON = (Status.STARTING, Status.RUNNING)


class LeavingSql:
    """Who is shut out, and what becomes of their runs."""

    _database: Database

    def shut_out(self, name: str, by: str) -> None:
        with self._database.writing() as connection:
            known = connection.execute(select(departed.c.name).where(departed.c.name == name)).first()
            if known is None:
                now = self._database.now(connection)
                connection.execute(insert(departed).values({"name": name, "at": now, "by": by}))
                note_audit(connection, now, Note(by, "person.disabled", name, name))

    def let_in(self, name: str, by: str | None) -> None:
        with self._database.writing() as connection:
            gone = connection.execute(delete(departed).where(departed.c.name == name)).rowcount
            if gone and by is not None:
                note_audit(connection, self._database.now(connection), Note(by, "person.enabled", name, name))

    def is_shut_out(self, name: str) -> bool:
        with self._database.reading() as connection:
            query = select(departed.c.name).where(departed.c.name == name)
            return connection.execute(query).first() is not None

    def end_runs(self, name: str, by: str, keep_going: bool) -> tuple[list[str], list[str]]:
        cancelled: list[str] = []
        ending: list[str] = []
        with self._database.writing() as connection:
            now = self._database.now(connection)
            live = select(runs).where(runs.c.owner == name, runs.c.status.in_((Status.QUEUED, *_GOING_ON)))
            for run in map(from_row, connection.execute(live).all()):
                values: dict[str, Any] = {"cancel_requested_at": now, "cancelled_by": by}
                if run.status is Status.QUEUED:
                    reason = f"Cancelled by {by}, who disabled {name}."
                    values |= {"status": Status.CANCELLED, "finished_at": now, "reason": reason}
                    cancelled.append(run.id)
                elif keep_going:
                    values = {"retries": min(run.retries, run.attempt - 1)}
                elif run.cancel_requested_at is not None:
                    continue
                else:
                    ending.append(run.id)
                connection.execute(update(runs).where(runs.c.id == run.id).values(**values))
                changed = one(connection, run.id)
                if changed is not None and changed.final:
                    note(connection, changed, now)
                if changed is not None and changed.cancel_requested_at is not None:
                    note_audit(connection, now, Note(by, "run.cancelled", run.id, name, run.name))
        return cancelled, ending

    def hand_over_some(self, name: str, heir: str, groups: tuple[str, ...], said: str, limit: int) -> int:
        with self._database.writing() as connection:
            found = connection.execute(select(runs).where(runs.c.owner == name).limit(limit)).all()
            if not found:
                hand_over_reports(connection, name, heir)
                move_sweeps(connection, name, heir, groups)
                return 0
            now = self._database.now(connection)
            # A key is its owner's alone: the heir may have used the same one.
            values = {"owner": heir, "key": None, "groups": list(groups)}
            ids = [row.id for row in found]
            connection.execute(update(runs).where(runs.c.id.in_(ids)).values(**values))
            connection.execute(delete(run_groups).where(run_groups.c.run_id.in_(ids)))
            of_heir = [
                {"run_id": run_id, "group_name": group, "owner": heir}
                for run_id in ids
                for group in dict.fromkeys(groups)
            ]
            if of_heir:
                connection.execute(insert(run_groups), of_heir)
            for row in found if said else ():
                note(connection, from_row(row), now, said)
            return len(ids)

    def owned(self, name: str) -> Owned:
        by_status = select(runs.c.status, func.count()).where(runs.c.owner == name).group_by(runs.c.status)
        left = (
            select(func.coalesce(func.sum(outputs.c.size), 0))
            .join(runs, runs.c.id == outputs.c.run_id)
            .where(runs.c.owner == name)
        )
        with self._database.reading() as connection:
            counted = {str(status): int(count) for status, count in connection.execute(by_status)}
            return Owned(counted, int(connection.execute(left).scalar_one()))
