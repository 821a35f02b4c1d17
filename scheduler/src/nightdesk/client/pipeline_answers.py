"""What the platform answers about pipelines, as types; see `answers`."""

from __future__ import annotations

from typing import Any, TypedDict


class StepCount(TypedDict):
    """How many steps there are, and how many of them have succeeded (or were left out), go on, or went wrong."""

    steps: int
    good: int
    going: int
    bad: int


class StepProgress(TypedDict):
    """The code cell that a step's run is at, and how many there are."""

    cell: int
    cells: int


class PipelineStep(TypedDict):
    """A step. `status` is waiting, queued, starting, running, succeeded, skipped, refused, failed, cancelled, timed_out,
    lost or not_run; `words` say why. `run` of a skipped one is the earlier run that stands for it.
    """

    name: str
    file: str
    needs: list[str]
    environment: str
    status: str
    words: str
    attempt: int | None
    run: str | None
    run_url: str | None
    progress: StepProgress | None
    started_at: str | None
    finished_at: str | None


class ListedPipeline(TypedDict):
    """A pipeline as lists have it. `status` is running, succeeded, failed or cancelled."""

    id: str
    name: str
    owner: str
    status: str
    reason: str | None
    attempt: int
    count: StepCount
    parameters: dict[str, Any]
    created_at: str
    finished_at: str | None
    cancelled_by: str | None
    submitted_by: str
    schedule: str | None
    scheduled_at: str | None
    git: dict[str, Any] | None
    url: str


class Pipeline(ListedPipeline):
    """One pipeline with its steps, in the file's order."""

    steps: list[PipelineStep]


class Pipelines(TypedDict):
    """A page of pipelines, newest first; `next` continues it."""

    pipelines: list[ListedPipeline]
    next: str | None


class CheckedStep(TypedDict):
    """A step as it would run."""

    name: str
    file: str
    needs: list[str]
    environment: str
    size: str | None
    skip_unchanged: bool


class CheckedPipeline(TypedDict):
    """What a pipeline would run. Steps of one of the `layers` may run side by side."""

    name: str
    parameters: dict[str, Any]
    files: int
    layers: list[list[str]]
    steps: list[CheckedStep]
