"""Pipelines that schedules make: what is asked for at a tick, and whether it could be at all."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.pipeline import Pipeline
from nightdesk.server.domain.run import Priority
from nightdesk.server.domain.schedule import Schedule, Wishes
from nightdesk.server.services.clockwork import Clockwork
from nightdesk.server.services.inputs import FILES, SOURCE
from nightdesk.server.services.pipelines import NewPipeline, composed, put_away
from nightdesk.server.services.submit import Files


def pipeline_for(
    clock: Clockwork,
    owner: Person,
    schedule: Schedule,
    at: float,
    given: Mapping[str, IO[bytes]],
    git: dict[str, Any] | None = None,
) -> tuple[Pipeline, dict[str, bytes]]:
    """The pipeline of a tick and its small inputs; large ones are in the store then. ``git`` is the commit that they are of.

    Raises:
        Refused: it cannot be run as it stands, in words.
    """
    archive = given.get(FILES)
    files = None
    if archive is not None:
        files = Files(archive, archive.seek(0, io.SEEK_END))
    wanted = replace(wanted_at(schedule, at, given[SOURCE].read(), files), git=git)
    pipeline, sources = composed(clock, owner, wanted)
    return pipeline, put_away(clock, pipeline, wanted, sources) or {}


def check_scheduled(
    clock: Clockwork, owner: Person, schedule: Schedule, source: bytes, files: Files | None
) -> None:
    """Raise :class:`Refused` for what its pipelines would be refused for now."""
    at = schedule.timetable.after(clock.records.now()) or clock.records.now()
    composed(clock, owner, wanted_at(schedule, at, source, files))


def check_said(wishes: Wishes) -> None:
    """Raise :class:`Invalid` where something is said of the whole that each step says for itself, or that nothing says."""
    own = {
        "time limit": wishes.timeout_seconds is not None or wishes.cell_timeout_seconds is not None,
        "retries": wishes.retries > 0 or wishes.retry_wait_seconds is not None,
        "priority": wishes.priority is not Priority.NORMAL,
    }
    for what, said in own.items():
        if said:
            raise Invalid(
                f"the {what} of a pipeline's steps is not a schedule's to say", "Say it in its file."
            )
    if wishes.notify is not None:
        raise Invalid(
            "when a pipeline's steps notify is not a schedule's to say",
            "Leave 'notify' out: its owner hears of them as `nightdesk notify` says.",
        )


def wanted_at(schedule: Schedule, at: float, source: bytes, files: Files | None) -> NewPipeline:
    """What is asked for at a tick.

    Raises:
        Invalid: the folder is missing, or something is said of the whole that each step says for itself.
    """
    wishes = schedule.wishes
    if files is None:
        raise Invalid(
            "a pipeline is scheduled with the folder that its steps' files lie in",
            "`nightdesk schedule add pipeline.yaml` takes it along; with --live, --files names it.",
        )
    check_said(wishes)
    return NewPipeline(
        source,
        files,
        wishes.file,
        environment=wishes.environment or None,
        size=wishes.size,
        parameters=schedule.submission(at).parameters,
        parameters_are_text=wishes.parameters_are_text,
        schedule_id=schedule.id,
        scheduled_at=at,
    )
