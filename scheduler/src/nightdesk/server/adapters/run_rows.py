"""Runs as rows of the table, and the history that every change of them leaves."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from nightdesk.server.adapters.schema import changes as change_table
from nightdesk.server.adapters.schema import runs
from nightdesk.server.domain.errors import FenceLost
from nightdesk.server.domain.queue import RANKS
from nightdesk.server.domain.run import Priority, Run, RunError, Source, Status

_NOTE = insert(change_table)
_ONE = select(runs).where(runs.c.id == bindparam("run_id"))


def uptime() -> float:
    """Seconds since the machine's start: the same for all processes on it, and nobody sets it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def one(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(_ONE, {"run_id": run_id}).first()
    return None if row is None else from_row(row)


def check_fence(connection: Connection, run: Run) -> None:
    """Raise :class:`FenceLost` unless the run is still its claimer's: on record with this attempt and fence."""
    same = (runs.c.id == run.id) & (runs.c.attempt == run.attempt) & (runs.c.fence == run.fence)
    if connection.execute(select(runs.c.id).where(same)).first() is None:
        raise lost(run)


def lost(run: Run) -> FenceLost:
    """What whoever writes under an old fence is told."""
    return FenceLost(f"run {run.id} (attempt {run.attempt}, fence {run.fence}) was changed by somebody else")


def note(connection: Connection, run: Run, at: float, said: str | None = None) -> None:
    """One line in the append-only history of the run; ``said`` is what happened, if it is no change of status."""
    connection.execute(_NOTE, note_row(run, at, said))


def note_row(run: Run, at: float, said: str | None = None) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "attempt": run.attempt,
        "fence": run.fence,
        "at": at,
        "status": run.status,
        "worker": run.worker,
        "reason": run.reason,
        "note": said,
    }


_PLAIN = [
    column.name for column in runs.columns if column.name != "rank" and not column.name.startswith("error_")
]


def to_row(run: Run) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in _PLAIN}
    values["sources"] = [asdict(source) for source in run.sources] or None
    values |= {"notes": list(run.notes), "groups": list(run.groups), "rank": RANKS[run.priority]}
    return values | error_row(run.error)


def error_row(error: RunError | None) -> dict[str, Any]:
    if error is None:
        return {"error_type": None, "error_message": None, "error_cell": None}
    return {"error_type": error.type, "error_message": error.message, "error_cell": error.cell}


def from_row(row: Row[Any] | dict[str, Any]) -> Run:
    """The run of a row with all of the table's columns."""
    # At once: a list has hundreds of rows of fifty columns.
    values = row if isinstance(row, dict) else row._asdict()
    del values["rank"]
    kind, message, cell = (values.pop(f"error_{part}") for part in ("type", "message", "cell"))
    values["status"] = Status(values["status"])
    values["priority"] = Priority(values["priority"])
    values["notes"] = tuple(values["notes"])
    values["groups"] = tuple(values["groups"])
    values["sources"] = tuple(Source(**source) for source in values["sources"] or ())
    values["error"] = None if kind is None else RunError(kind, message or "", cell)
    return Run(**values)
