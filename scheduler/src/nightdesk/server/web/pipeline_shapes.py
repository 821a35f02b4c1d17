"""The JSON of pipelines and their steps, as docs/api.md has it."""

from __future__ import annotations

from typing import Any

from nightdesk.config import Settings
from nightdesk.server.domain.graph import Step
from nightdesk.server.domain.pipeline import Pipeline, StepRow, StepState, latest
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.pipelines import Counted
from nightdesk.server.services.finish import iso
from nightdesk.server.web.paths import BASE

WAITING, NOT_RUN = "waiting", "not_run"
GOOD, GOING = frozenset({"succeeded", "skipped"}), frozenset({"queued", "starting", "running"})
Found = list[tuple[StepRow, Run | None]]


def pipeline_json(pipeline: Pipeline, counted: Counted, settings: Settings) -> dict[str, Any]:
    """A pipeline as lists have it."""
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "owner": pipeline.owner,
        "status": pipeline.status.value,
        "reason": pipeline.reason,
        "attempt": pipeline.attempt,
        "count": {
            "steps": len(pipeline.graph.steps),
            "good": counted.good,
            "going": counted.going,
            "bad": counted.bad,
        },
        "parameters": dict(pipeline.parameters),
        "created_at": iso(pipeline.created_at),
        "finished_at": iso(pipeline.finished_at),
        "cancelled_by": pipeline.cancelled_by,
        "submitted_by": pipeline.submitted_by,
        "schedule": pipeline.schedule_id,
        "scheduled_at": iso(pipeline.scheduled_at),
        "git": pipeline.git,
        "url": f"{settings.public_url}{BASE}/pipelines/{pipeline.id}",
    }


def whole_pipeline_json(pipeline: Pipeline, found: Found, settings: Settings) -> dict[str, Any]:
    """One pipeline with its steps."""
    rows = latest(row for row, _ in found)
    runs = {run.id: run for _, run in found if run is not None}
    steps = []
    for step in pipeline.graph.steps:
        row = rows.get(step.name)
        steps.append(_step_json(pipeline, step, row, runs.get((row and row.run_id) or ""), settings))
    states = [step["status"] for step in steps]
    good = sum(state in GOOD for state in states)
    going = sum(state in GOING for state in states)
    left = sum(state in {WAITING, NOT_RUN} for state in states)
    counted = Counted(good, going, len(states) - good - going - left)
    return pipeline_json(pipeline, counted, settings) | {"steps": steps}


def checked_json(pipeline: Pipeline) -> dict[str, Any]:
    """What a pipeline would be, of which nothing was kept."""
    return {
        "name": pipeline.name,
        "parameters": dict(pipeline.parameters),
        "files": pipeline.files_count,
        "layers": [[step.name for step in layer] for layer in pipeline.graph.layers()],
        "steps": [
            {
                "name": step.name,
                "file": step.run,
                "needs": list(step.needs),
                "environment": pipeline.pins[step.name].label,
                "size": step.size,
                "skip_unchanged": step.skip_unchanged,
            }
            for step in pipeline.graph.steps
        ],
    }


def _step_json(
    pipeline: Pipeline, step: Step, row: StepRow | None, run: Run | None, settings: Settings
) -> dict[str, Any]:
    return {
        "name": step.name,
        "file": step.run,
        "needs": list(step.needs),
        "environment": pipeline.pins[step.name].label,
        "status": status_of(pipeline, row, run),
        "words": row.words if row is not None else "",
        "attempt": row.attempt if row is not None else None,
        "run": row.run_id if row is not None else None,
        "run_url": None if run is None else f"{settings.public_url}{BASE}/runs/{run.id}",
        "progress": None if run is None else {"cell": run.cell, "cells": run.cells},
        "started_at": None if run is None else iso(run.started_at),
        "finished_at": None if run is None else iso(run.finished_at),
    }


def status_of(pipeline: Pipeline, row: StepRow | None, run: Run | None) -> str:
    """What people are told of a step: its run's status while it goes on, else what became of it."""
    if row is None or (row.attempt < pipeline.attempt and not row.state.good and not pipeline.status.final):
        return NOT_RUN if pipeline.status.final else WAITING
    if row.state is StepState.GOING and run is not None:
        return run.status.value
    return row.state.value
