"""Runs that the platform makes, many at a time, within a transaction that writes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, and_, insert, or_, select

from nightdesk.server.adapters.audit_sql import note_many
from nightdesk.server.adapters.environment_tables import versions
from nightdesk.server.adapters.run_rows import note_row, to_row
from nightdesk.server.adapters.schema import changes, departed, run_groups, runs
from nightdesk.server.adapters.schema import inputs as run_inputs
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.environment import Offer
from nightdesk.server.domain.run import Run


def shut_out_of(
    connection: Connection, made: Iterable[Run], others: Iterable[str] = ()
) -> tuple[set[str], set[tuple[str, str]]]:
    """What may have happened since these runs were made: owners, or others, who are disabled, and versions that were
    removed."""
    all_of_them = list(made)
    owners = {run.owner for run in all_of_them} | set(others)
    used = {(run.environment, run.version) for run in all_of_them}
    out = set(connection.scalars(select(departed.c.name).where(departed.c.name.in_(owners))))
    if not used:
        return out, set()
    gone = select(versions.c.environment, versions.c.version).where(
        versions.c.offer == Offer.REMOVED,
        or_(*(and_(versions.c.environment == name, versions.c.version == label) for name, label in used)),
    )
    return out, {(row.environment, row.version) for row in connection.execute(gone)}


def write_runs(connection: Connection, made: list[tuple[Run, Mapping[str, bytes]]], now: float) -> None:
    """Put runs on record with their small inputs; the audit log says where they come from."""
    if not made:
        return
    connection.execute(insert(runs), [to_row(run) for run, _ in made])
    of_groups = [
        {"run_id": run.id, "owner": run.owner, "group_name": group}
        for run, _ in made
        for group in dict.fromkeys(run.groups)
    ]
    if of_groups:
        connection.execute(insert(run_groups), of_groups)
    kept = [
        {"run_id": run.id, "name": name, "content": zlib.compress(content, 1)}
        for run, given in made
        for name, content in given.items()
    ]
    if kept:
        connection.execute(insert(run_inputs), kept)
    connection.execute(insert(changes), [note_row(run, now) for run, _ in made])
    notes = [Note(run.submitted_by, "run.submitted", run.id, run.owner, _words(run)) for run, _ in made]
    note_many(connection, now, notes)


def _words(run: Run) -> str:
    by = f"step of pipeline {run.pipeline_id}" if run.pipeline_id else f"by schedule {run.schedule_id}"
    if run.sweep_id is not None:
        by = f"by sweep {run.sweep_id}"
    return f"{run.name} in {run.environment}:{run.version}, {by}"
