"""The tables of pipelines, and their rows as what they stand for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Table, Text, UniqueConstraint, text

from nightdesk.server.adapters.schema import metadata
from nightdesk.server.domain.graph import Graph, HandedFile, Step
from nightdesk.server.domain.pipeline import Pin, Pipeline, PipelineStatus, StepRow, StepState

_RUNNING = text("status = 'running'")
_GOING = text("state = 'going'")
_MADE_OF = text("fingerprint IS NOT NULL")

pipelines = Table(
    "pipelines",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("submitted_by", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("graph", JSON, nullable=False),
    Column("pins", JSON, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("files_count", Integer, nullable=False),
    Column("beside", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("attempt", Integer, nullable=False),
    Column(
        "revision", Integer, nullable=False
    ),  # grows with each change: what one of several lookers goes by
    Column("key", String(255)),
    Column("git", JSON(none_as_null=True)),
    Column("schedule_id", String(32)),
    Column("scheduled_at", Float),
    Column("cancel_requested_at", Float),
    Column("cancelled_by", String(255)),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    UniqueConstraint("owner", "key", name="pipelines_owner_key"),
    Index("pipelines_newest", "created_at", "id"),
    Index("pipelines_of_owner", "owner", "created_at", "id"),
    Index("pipelines_running", "created_at", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
)

# As of runs: those who may see it through a group find it here.
pipeline_groups = Table(
    "pipeline_groups",
    metadata,
    Column("pipeline_id", String(32), primary_key=True),
    Column("group_name", String(255), primary_key=True),
)

steps = Table(
    "pipeline_steps",
    metadata,
    Column("pipeline_id", String(32), primary_key=True),
    Column("step", String(64), primary_key=True),
    Column("attempt", Integer, primary_key=True),  # a step of an attempt starts once, whoever looks
    Column("state", String(16), nullable=False),
    Column("decided_at", Float, nullable=False),
    Column("words", Text, nullable=False),
    Column("run_id", String(32)),
    Column("fingerprint", String(64)),
    # Only what is not over: small however many there were.
    Index("pipeline_steps_going", "pipeline_id", "run_id", sqlite_where=_GOING, postgresql_where=_GOING),
    Index("pipeline_steps_of_run", "run_id"),
    Index("pipeline_steps_made_of", "fingerprint", sqlite_where=_MADE_OF, postgresql_where=_MADE_OF),
)

_SAME = (
    *("id", "owner", "submitted_by", "name", "files_count", "beside", "reason", "attempt", "revision"),
    *("key", "git", "schedule_id", "scheduled_at", "cancel_requested_at", "cancelled_by"),
    *("created_at", "finished_at"),
)
_STEP = ("pipeline_id", "step", "attempt", "decided_at", "words", "run_id", "fingerprint")


def pipeline_row(pipeline: Pipeline) -> dict[str, Any]:
    return {name: getattr(pipeline, name) for name in _SAME} | {
        "graph": asdict(pipeline.graph),
        "pins": {step: asdict(pin) for step, pin in pipeline.pins.items()},
        "parameters": dict(pipeline.parameters),
        "groups": list(pipeline.groups),
        "status": pipeline.status.value,
    }


def pipeline_of(row: Any) -> Pipeline:
    return Pipeline(
        **{name: getattr(row, name) for name in _SAME},
        graph=_graph_of(row.graph),
        pins={step: Pin(**pin) for step, pin in row.pins.items()},
        parameters=row.parameters,
        groups=tuple(row.groups),
        status=PipelineStatus(row.status),
    )


def step_row(row: StepRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _STEP} | {"state": row.state.value}


def step_of(row: Any) -> StepRow:
    return StepRow(state=StepState(row.state), **{name: getattr(row, name) for name in _STEP})


def _graph_of(said: dict[str, Any]) -> Graph:
    found = []
    for step in said["steps"]:
        inputs = tuple(HandedFile(**each) for each in step["inputs"])
        found.append(Step(**{**step, "needs": tuple(step["needs"]), "inputs": inputs}))
    return Graph(said["name"], tuple(found), said["parameters"], said["files"])
