"""What a run takes of the machine: the route, and the words of its page."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.records import Usage
from nightdesk.server.web.api import seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.paths import API
from nightdesk.server.web.shapes import usage_json

router = APIRouter(prefix=API, tags=["runs"])


@router.get("/runs/{run_id}/usage")
def run_usage(
    platform: Platform,
    person: SignedIn,
    run_id: str,
    attempt: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="left out: the newest")] = None,
) -> dict[str, Any]:
    """What an attempt took, oldest first, and what it may take."""
    run = seen_run(platform, person, run_id)
    wanted = run if attempt is None else replace(run, attempt=attempt)
    return _document(run, platform.records.usage(wanted))


def usage_page(platform: WebPlatform, run: Run) -> dict[str, Any]:
    """What the template needs of it."""
    samples = platform.records.usage(run)
    return {"usage": _document(run, samples), "usage_words": words(run, samples)}


def _document(run: Run, samples: list[Usage]) -> dict[str, Any]:
    return {
        "samples": [usage_json(sample) for sample in samples],
        "limits": {"cpus": run.cpus, "memory_bytes": run.memory_bytes, "disk_bytes": run.disk_bytes},
    }


def words(run: Run, samples: list[Usage]) -> str:
    """``CPU 0.9 of 1 · memory 210 MB of 2 GB (at most 340 MB) · files 1.2 GB of 20 GB``; empty without samples.

    Of a run that is over, the most that was seen.
    """
    if not samples:
        return ""
    last = samples[-1]
    cores, memory, disk = last.cpus, human_bytes(last.memory_bytes), last.disk_bytes
    most = human_bytes(max(sample.memory_bytes for sample in samples))
    if run.final:
        cores, memory = max(sample.cpus for sample in samples), most
        disk = max(sample.disk_bytes for sample in samples)
    peak = "" if run.final else f" (at most {most})"
    return (
        f"{'At most ' if run.final else ''}CPU {cores:.1f} of {run.cpus:g} · "
        f"memory {memory} of {human_bytes(run.memory_bytes)}{peak} · "
        f"files {human_bytes(disk)} of {human_bytes(run.disk_bytes)}"
    )
