"""The JSON that leaves: runs, environments and sizes as docs/api.md has them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nightdesk.config import Settings
from nightdesk.sections import Size
from nightdesk.server.domain.environment import Version, default_of
from nightdesk.server.domain.run import Output, Run, RunError
from nightdesk.server.ports.records import Usage
from nightdesk.server.services.finish import iso
from nightdesk.server.web.paths import BASE


def run_json(
    run: Run,
    outputs: list[Output],
    settings: Settings,
    *,
    waiting: str | None = None,
    elapsed: float | None = None,
) -> dict[str, Any]:
    """A run as the contract has it.

    Args:
        run: as on record.
        outputs: what it left.
        settings: the platform's.
        waiting: why it is still queued.
        elapsed: seconds that its code has been running by now; of a run that is over they are on record.
    """
    if run.final and run.started_at is not None and run.finished_at is not None:
        elapsed = max(run.finished_at - run.started_at, 0.0)
    return {
        "id": run.id,
        "name": run.name,
        "owner": run.owner,
        "status": run.status.value,
        "reason": run.reason,
        "error": error_json(run.error),
        "environment": {"name": run.environment, "version": run.version, "digest": run.digest},
        "size": run.size,
        "parameters": run.parameters,
        "attempt": run.attempt,
        "progress": {"cell": run.cell, "cells": run.cells},
        "created_at": iso(run.created_at),
        "started_at": iso(run.started_at),
        "finished_at": iso(run.finished_at),
        "url": f"{settings.public_url}{BASE}/runs/{run.id}",
        "outputs": [output_json(output) for output in outputs],
        "kind": run.kind,
        "file": run.file,
        "kernel": run.kernel,
        "notes": list(run.notes),
        "waiting": waiting,
        "priority": run.priority.value,
        "retries": run.retries,
        "retry_wait_seconds": run.retry_wait_seconds,
        "notify": run.notify,
        "timeout_seconds": run.timeout_seconds,
        "cell_timeout_seconds": run.cell_timeout_seconds,
        "expected_seconds": _rounded(run.expected_seconds),
        "elapsed_seconds": _rounded(elapsed),
        "peak_memory_bytes": run.peak_memory_bytes,
        "submitted_by": run.submitted_by,
        "schedule": run.schedule_id,
        "scheduled_at": iso(run.scheduled_at),
        "pipeline": None if run.pipeline_id is None else {"id": run.pipeline_id, "step": run.step},
        "sweep": run.sweep_id,
        "kept": None if run.kept_at is None else {"by": run.kept_by, "at": iso(run.kept_at)},
        "outputs_removed": removed_json(run),
        "inputs": [asdict(source) for source in run.sources],
        "git": run.git,
        "usage": None,  # in an answer about this one run while it goes on; events have one of their own
    }


def removed_json(run: Run) -> dict[str, Any] | None:
    """When and why outputs went that had had their time."""
    if run.removed_at is None:
        return None
    return {"at": iso(run.removed_at), "why": run.removed_why, "bytes": run.removed_bytes}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def usage_json(sample: Usage) -> dict[str, Any]:
    """What a run takes at a moment."""
    return {
        "at": iso(sample.at),
        "cpus": sample.cpus,
        "memory_bytes": sample.memory_bytes,
        "disk_bytes": sample.disk_bytes,
    }


def error_json(error: RunError | None) -> dict[str, Any] | None:
    """What stopped the code."""
    return None if error is None else {"type": error.type, "message": error.message, "cell": error.cell}


def output_json(output: Output) -> dict[str, Any]:
    """A file that a run left."""
    return {"name": output.name, "size": output.size, "sha256": output.sha256}


def environments_json(versions: list[Version]) -> list[dict[str, Any]]:
    """Environments with their versions, newest first."""
    names = list(dict.fromkeys(version.environment for version in versions))
    found = []
    for name in names:
        of_name = [version for version in versions if version.environment == name]
        default = default_of(of_name)
        found.append(
            {
                "name": name,
                "title": (default or of_name[0]).title,
                "description": (default or of_name[0]).description,
                "groups": list(of_name[0].groups),
                "versions": [version_json(version, version == default) for version in of_name],
            }
        )
    return found


def sizes_json(sizes: list[Size], default: Size | None) -> list[dict[str, Any]]:
    """Sizes to choose from."""
    return [
        {
            "name": size.name,
            "title": size.title,
            "cpus": size.cpus,
            "memory_bytes": size.memory_bytes,
            "time_limit_seconds": size.time_limit_seconds,
            "default": size == default,
        }
        for size in sizes
    ]


def version_json(version: Version, default: bool) -> dict[str, Any]:
    """A version as lists have it."""
    return {
        "version": version.version,
        "digest": version.digest,
        "channels": list(version.channels),
        "kernels": [
            {"name": kernel.name, "display_name": kernel.display_name, "language": kernel.language}
            for kernel in version.kernels
        ],
        "default": default,
        "created_at": iso(version.created_at),
        "offer": version.offer.value,
        "size_bytes": version.size_bytes,
    }
