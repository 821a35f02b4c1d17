"""What the services need of the database about pipelines and their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.pipeline import Pipeline, PipelineStatus, StepRow
from nightdesk.server.domain.run import Run

if TYPE_CHECKING:
    from nightdesk.server.ports.records import Audience


@dataclass(frozen=True, slots=True)
class PipelineFilter:
    """Which pipelines to list, newest first; as of runs."""

    owner: str | None = None
    status: PipelineStatus | None = None
    name: str | None = None
    schedule_id: str | None = None
    limit: int = 50
    before: tuple[float, str] | None = None
    seen_by: Audience | None = None


@dataclass(frozen=True, slots=True)
class StepMove:
    """A step's row as it is to be, with the run that was made for it, and that run's inputs where they are small."""

    row: StepRow
    run: Run | None = None
    inputs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """How far a pipeline in a list has come: steps that are good, that go on, and that are bad."""

    good: int = 0
    going: int = 0
    bad: int = 0


class Pipelines(Protocol):
    """Pipelines and their steps. Every method is one transaction."""

    def add_pipeline(self, pipeline: Pipeline, inputs: Mapping[str, bytes] | None) -> tuple[Pipeline, bool]:
        """Put a pipeline on record, with small inputs by name; the earlier one and False where owner and key are known.

        Raises:
            Conflict: its owner is disabled.
        """

    def pipeline(self, pipeline_id: str) -> Pipeline | None:
        """One pipeline, or None."""

    def pipeline_by_key(self, owner: str, key: str) -> Pipeline | None:
        """The pipeline that this owner sent under this idempotency key, or None."""

    def pipelines(self, wanted: PipelineFilter) -> list[Pipeline]:
        """Pipelines, newest first."""

    def counted(self, pipeline_ids: list[str]) -> dict[str, Counted]:
        """How far these have come."""

    def steps_of(self, pipeline_id: str) -> list[tuple[StepRow, Run | None]]:
        """Its steps' rows, of all attempts, with their runs."""

    def move_pipeline(self, before: Pipeline, after: Pipeline, moves: list[StepMove]) -> bool:
        """Record what becomes of a pipeline and its steps, with the runs that were made, as a whole or not at all.

        False, and nothing is recorded, where the pipeline is not of the revision that ``before`` has any more.

        Raises:
            Conflict: its owner is disabled, or the version of a run was removed: nothing is recorded.
        """

    def resume_pipeline(self, before: Pipeline, by: str) -> Pipeline | None:
        """Its next attempt; steps whose outputs were removed are due again. None where it was changed meanwhile.

        Raises:
            Conflict: it goes on, or is done.
        """

    def cancel_pipeline(self, pipeline_id: str, by: str) -> tuple[Pipeline, list[str]] | None:
        """Start no further step and ask those that go on to end; the pipeline as it is then, and their runs."""

    def pipelines_due(self, limit: int) -> list[str]:
        """Pipelines that somebody should look at: a step's run has ended unseen, or nothing goes on."""

    def unchanged(self, pipeline: Pipeline, step: str, fingerprint: str) -> Run | None:
        """The newest good run of this step of an earlier pipeline of this owner and name with this fingerprint,
        whose outputs are there."""

    # people
    def end_pipelines(self, owner: str, by: str) -> list[str]:
        """Start nothing more of this person's pipelines; which of them went on."""

    def move_pipelines(self, owner: str, heir: str, groups: tuple[str, ...]) -> int:
        """Another person owns them from now on."""


def noted(pipeline: Pipeline, by: str, action: str) -> Note:
    """Something that happened to a pipeline, for the audit log."""
    return Note(by, f"pipeline.{action}", pipeline.id, pipeline.owner, pipeline.name)
