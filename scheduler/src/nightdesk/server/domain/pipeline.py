"""A pipeline: one execution of one ``pipeline.yaml``, and what follows from how far its steps have come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.graph import Graph, Step
from nightdesk.server.domain.run import Run, Status

OWN_OUTPUTS = frozenset({"notebook.ipynb", "notebook.html", "log.txt", "manifest.json"})
VALUES = "values.json"
MOST_VALUES_BYTES = 256 * 1024


class PipelineStatus(StrEnum):
    """Where the whole is; the last three are final until somebody resumes it."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Nothing of it goes on."""
        return self is not PipelineStatus.RUNNING


class StepState(StrEnum):
    """What became of a step in one attempt of its pipeline. Most are those of its run."""

    GOING = "going"  # there is a run, which was not over when somebody looked last
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"  # an earlier run stands for it: nothing had changed
    REFUSED = "refused"  # no run could be made
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    LOST = "lost"

    @property
    def good(self) -> bool:
        """What needs the step may start."""
        return self in {StepState.SUCCEEDED, StepState.SKIPPED}


@dataclass(frozen=True, slots=True)
class Pin:
    """What a step is run from and in, as it was when the pipeline was sent: the name of its file's copy among the
    pipeline's inputs, with its checksum, and a version of an environment."""

    source: str
    sha256: str
    environment: str
    version: str
    digest: str

    @property
    def label(self) -> str:
        """``NAME:VERSION``."""
        return f"{self.environment}:{self.version}"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline as it is on record. Times are seconds since 1970; ``revision`` grows with each change.

    ``beside`` is the checksum of the files that go along with each step, without those that steps run; ``attempt``
    grows each time that somebody resumes it.
    """

    id: str
    owner: str
    submitted_by: str
    name: str
    graph: Graph
    pins: Mapping[str, Pin]
    created_at: float
    parameters: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    files_count: int = 0
    beside: str = ""
    status: PipelineStatus = PipelineStatus.RUNNING
    reason: str | None = None
    attempt: int = 1
    revision: int = 1
    finished_at: float | None = None
    cancel_requested_at: float | None = None
    cancelled_by: str | None = None
    key: str | None = None
    git: dict[str, Any] | None = None
    schedule_id: str | None = None
    scheduled_at: float | None = None

    def resumed(self) -> Pipeline:
        """The same once more: steps that have not succeeded are due again.

        Raises:
            Conflict: it goes on, or all has succeeded.
        """
        if not self.status.final:
            raise Conflict(f"pipeline {self.id} goes on already")
        if self.status is PipelineStatus.SUCCEEDED:
            raise Conflict(
                f"all steps of pipeline {self.id} have succeeded", "Run it anew: `nightdesk pipeline run`."
            )
        return replace(
            self,
            status=PipelineStatus.RUNNING,
            reason=None,
            attempt=self.attempt + 1,
            finished_at=None,
            cancel_requested_at=None,
            cancelled_by=None,
        )


@dataclass(frozen=True, slots=True)
class StepRow:
    """What became of a step in one attempt of its pipeline."""

    pipeline_id: str
    step: str
    attempt: int
    state: StepState
    decided_at: float
    words: str = ""
    run_id: str | None = None
    fingerprint: str | None = None

    def settled(self, run: Run) -> StepRow:
        """The same once its run is over."""
        words = "" if run.status is Status.SUCCEEDED else (run.reason or "")
        at = run.finished_at or self.decided_at
        return replace(self, state=StepState(run.status.value), words=words, decided_at=at)


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done about a pipeline: steps to start, or its end."""

    steps: tuple[Step, ...] = ()
    status: PipelineStatus = PipelineStatus.RUNNING
    reason: str | None = None


def latest(rows: Iterable[StepRow]) -> dict[str, StepRow]:
    """Of each step its row of the last attempt that it had."""
    found: dict[str, StepRow] = {}
    for row in rows:
        if row.step not in found or row.attempt > found[row.step].attempt:
            found[row.step] = row
    return found


def due(pipeline: Pipeline, rows: Iterable[StepRow]) -> Due:
    """What follows from how far its steps have come.

    A step is due once those that it needs have succeeded, if it has not, and not in this attempt already. Where a
    step has failed, what does not need it goes on.
    """
    if pipeline.status.final:
        return Due(status=pipeline.status, reason=pipeline.reason)
    now = latest(rows)
    good = {name for name, row in now.items() if row.state.good}
    tried = {name for name, row in now.items() if row.attempt == pipeline.attempt}
    steps = tuple(
        step
        for step in pipeline.graph.steps
        if step.name not in good | tried and all(need in good for need in step.needs)
    )
    if pipeline.cancel_requested_at is not None:
        steps = ()
    if steps or any(row.state is StepState.GOING for row in now.values()):
        return Due(steps)
    if len(good) == len(pipeline.graph.steps):
        return Due(status=PipelineStatus.SUCCEEDED)
    return _ended(pipeline, now)


def _ended(pipeline: Pipeline, rows: Mapping[str, StepRow]) -> Due:
    if pipeline.cancel_requested_at is not None:
        return Due(status=PipelineStatus.CANCELLED, reason=f"Cancelled by {pipeline.cancelled_by}.")
    bad = [
        rows[step.name]
        for step in pipeline.graph.steps
        if step.name in rows and not rows[step.name].state.good
    ]
    cancelled = all(row.state is StepState.CANCELLED for row in bad)
    words = "; ".join(f"{row.step}: {row.words or row.state.value.replace('_', ' ')}" for row in bad[:3])
    more = f"; and {len(bad) - 3} more" if len(bad) > 3 else ""
    return Due(
        status=PipelineStatus.CANCELLED if cancelled else PipelineStatus.FAILED, reason=f"Step {words}{more}"
    )


def fingerprint(
    pin: Pin,
    beside: str,
    parameters: Mapping[str, Any],
    inputs: Iterable[tuple[str, str]],
    before: Mapping[str, tuple[Iterable[tuple[str, str]], Mapping[str, Any]]],
) -> str:
    """What a step is made of, as one checksum: where it is the same, nothing has changed.

    Args:
        pin: its file and its version.
        beside: the checksum of the files that go along.
        parameters: with what they refer to filled in.
        inputs: names and checksums of what lies beside the file.
        before: of each step that it needs its outputs (name and checksum) and its values.
    """
    made_of = {
        "source": pin.sha256,
        "digest": pin.digest,
        "beside": beside,
        "parameters": dict(parameters),
        "inputs": sorted(inputs),
        "before": {
            name: [sorted(each for each in outputs if each[0] not in OWN_OUTPUTS), dict(values)]
            for name, (outputs, values) in before.items()
        },
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
