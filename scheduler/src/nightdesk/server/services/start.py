"""What a run's container finds when it starts; the other side is docs/runner.md."""

from __future__ import annotations

from typing import Any

from nightdesk.connection_places import ConnectionMount
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.run_token import run_token
from nightdesk.server.services.connections import places_of
from nightdesk.server.services.finish import iso
from nightdesk.server.services.inputs import FILES, PREPARED, SOURCE, open_input
from nightdesk.server.services.pipeline_steps import values_of
from nightdesk.server.services.sources import lay_sources
from nightdesk.server.services.watch import Parts
from nightdesk.shared_folders import SharedMount


def shared_with(parts: Parts, run: Run) -> tuple[SharedMount, ...]:
    """The folders of groups that this run gets: by the groups that its owner is in now, not when it was submitted.

    Raises:
        Unavailable: the hub does not answer; it starts when that does.
    """
    shared = parts.settings.shared
    if not shared.folders or parts.people is None:
        return ()
    owner = parts.people.person(run.owner)
    return shared.of_run(() if owner is None else owner.groups)


def places_for(parts: Parts, run: Run) -> tuple[ConnectionMount, ...]:
    """The places of this machine that this run gets through connections: by what its owner may use now.

    Raises:
        Unavailable: the hub does not answer; it starts when that does.
    """
    allowed = parts.settings.connections.host_paths
    if not allowed or parts.people is None:
        return ()
    mounted = [connection for connection in parts.records.connections() if connection.place is not None]
    if not mounted:
        return ()
    owner = parts.people.person(run.owner)
    if owner is None:
        return ()
    found = [place.mount(owner.groups) for place in places_of(mounted, owner, allowed)]
    return tuple(mount for mount in found if mount is not None)


def lay_out(parts: Parts, run: Run) -> None:
    """Lay out the attempt's folder: the runner, its job, the file and what is taken along."""
    limits = parts.settings.runs
    job = {
        "contract": 1,
        "run": run.id,
        "attempt": run.attempt,
        "owner": run.owner,
        "name": run.name,
        "kind": run.kind,
        "file": run.file,
        "kernel": run.kernel,
        "interpreter": ["Rscript"] if run.file.lower().endswith(".r") else ["python3"],
        "parameters": run.parameters,
        "schedule": run.schedule_id,
        "scheduled_at": iso(run.scheduled_at),
        "pipeline": run.pipeline_id,
        "step": run.step,
        "steps": _steps_before(parts, run),
        "cell_timeout_seconds": run.cell_timeout_seconds,
        "limits": {
            "cell_stream_bytes": limits.cell_log_bytes,
            "run_stream_bytes": limits.run_log_bytes,
            "line_bytes": 100_000,
            "cell_display_bytes": limits.cell_display_bytes,
            # The runner holds them in the run's own memory.
            "run_display_bytes": min(limits.run_display_bytes, run.memory_bytes // 8),
        },
    }
    token = run_token(parts.run_key, run.id, run.attempt) if parts.run_key else ""
    name = PREPARED if run.kind == "notebook" else SOURCE
    with open_input(parts.records, parts.store, run.id, name) as source:
        if run.files_count:
            with open_input(parts.records, parts.store, run.id, FILES) as files:
                parts.folders.prepare(run, job, source, files, token)
        else:
            parts.folders.prepare(run, job, source, None, token)
    lay_sources(parts.store, parts.folders, run)


def _steps_before(parts: Parts, run: Run) -> dict[str, Any]:
    """The steps that this one may read, by name: the run of each, and its values."""
    found = {step: parts.records.run(run_id) for step, run_id in (run.steps or {}).items()}
    before = values_of(parts.records, parts.store, {step: each for step, each in found.items() if each})
    return {step: {"run": each.run.id, "values": dict(each.values)} for step, each in before.items()}
