"""Asking a run to end, within a transaction that writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, update

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.run_rows import note, one
from nightdesk.server.adapters.schema import runs
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.run import Run, Status


def cancel(connection: Connection, run_id: str, by: str, now: float) -> Run | None:
    """Note the wish; a queued run is cancelled at once. The run as it is afterwards."""
    run = one(connection, run_id)
    if run is None or run.final or run.cancel_requested_at is not None:
        return run
    values: dict[str, Any] = {"cancel_requested_at": now, "cancelled_by": by}
    if run.status is Status.QUEUED:
        values.update(
            status=Status.CANCELLED, finished_at=now, reason=f"Cancelled by {by} before it started."
        )
    connection.execute(update(runs).where(runs.c.id == run_id).values(**values))
    changed = one(connection, run_id)
    assert changed is not None  # noqa: S101 - it was updated in this transaction
    if changed.final:
        note(connection, changed, now)
    note_audit(connection, now, Note(by, "run.cancelled", run_id, run.owner, run.name))
    return changed
