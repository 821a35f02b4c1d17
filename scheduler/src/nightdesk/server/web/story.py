"""What happened to a run: its history, and what went wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.history import RunChange, attempts, in_words
from nightdesk.server.services.cells import cells_of
from nightdesk.server.services.failure import failure_of
from nightdesk.server.services.finish import iso
from nightdesk.server.web.api import seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.paths import API
from nightdesk.server.web.shapes import error_json

router = APIRouter(prefix=API, tags=["runs"])


@router.get("/runs/{run_id}/history")
def run_history(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """Every change since it was submitted, oldest first, and the attempts."""
    run = seen_run(platform, person, run_id)
    return history_json(platform.records.history(run.id))


@router.get("/runs/{run_id}/failure")
def run_failure(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """What went wrong: why, in which cell, and the last lines of the log."""
    run = seen_run(platform, person, run_id)
    failure = failure_of(platform.records, platform.store, run)
    if failure is None:
        raise Conflict(f"the run is {run.status}: nothing went wrong in it")
    cell = failure.cell
    return {
        "reason": run.reason,
        "error": error_json(run.error),
        "cell": cell and {"number": cell.number, "source": cell.source, "lines": cell.lines},
        "log": failure.log,
    }


@router.get("/runs/{run_id}/cells")
def run_cells(
    platform: Platform,
    person: SignedIn,
    run_id: str,
    sources: Annotated[bool, Query(description="with the first lines of each")] = True,
) -> dict[str, Any]:
    """The code cells of a notebook: how each went, and how long it took."""
    run = seen_run(platform, person, run_id)
    cells, count = cells_of(platform.records, platform.store, run, sources)
    return {"attempt": run.attempt, "count": count, "cells": [asdict(cell) for cell in cells]}


def history_json(changes: list[RunChange]) -> dict[str, Any]:
    """Changes and attempts as docs/api.md has them."""
    return {
        "changes": [
            {
                "at": iso(change.at),
                "attempt": change.attempt,
                "status": change.status.value,
                "worker": change.worker,
                "reason": change.reason,
                "what": what,
            }
            for change, what in zip(changes, in_words(changes), strict=True)
        ],
        "attempts": [
            {
                "attempt": attempt.number,
                "status": attempt.status.value,
                "reason": attempt.reason,
                "started_at": iso(attempt.started_at),
                "finished_at": iso(attempt.finished_at),
            }
            for attempt in attempts(changes)
        ],
    }
