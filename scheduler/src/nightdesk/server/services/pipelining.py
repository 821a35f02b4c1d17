"""Carrying pipelines on: queue the steps that are due, and write down how the whole ended. Anybody may, and may die.

What is decided about a pipeline is recorded with the runs in one transaction, and counts only if nobody else decided
something about it meanwhile. Whoever made a step's run final looks at once; the sweep looks after who could not.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from nightdesk.server.domain.errors import Conflict, Refused, TooMany, Unavailable
from nightdesk.server.domain.graph import Step
from nightdesk.server.domain.pipeline import Pipeline, StepRow, StepState, due, latest
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.pipelines import StepMove
from nightdesk.server.services.clockwork import Clockwork
from nightdesk.server.services.pipeline_steps import StepMaker
from nightdesk.server.services.watch import Parts

_LOOKS = 1000  # in a row at one pipeline: a step that is left out lets the next one be due
_AT_ONCE = 100
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Carried:
    """What a look did: how many runs were queued, and whether anything about the pipeline is new."""

    queued: int = 0
    changed: bool = False


def clock_of(parts: Parts) -> Clockwork | None:
    """What is needed to carry pipelines on, of a worker's parts; None where it cannot ask who is who."""
    if parts.people is None:
        return None
    return Clockwork(parts.records, parts.store, parts.settings, parts.policies, parts.people)


def carry_on(clock: Clockwork, pipeline_id: str) -> Carried:
    """Do all that is due about a pipeline.

    Raises:
        Unavailable: database, store or hub do not answer; nothing is lost, look again.
    """
    done = Carried()
    for _ in range(_LOOKS):
        pipeline = clock.records.pipeline(pipeline_id)
        if pipeline is None or pipeline.status.final:
            break
        rows = clock.records.steps_of(pipeline_id)
        settled = [
            row.settled(run)
            for row, run in rows
            if row.state is StepState.GOING and run is not None and run.final
        ]
        gone = [_gone(row) for row, run in rows if row.state is StepState.GOING and run is None]
        now_rows = {(row.step, row.attempt): row for row, _ in rows}
        now_rows |= {(row.step, row.attempt): row for row in (*settled, *gone)}
        todo = due(pipeline, now_rows.values())
        moves = [StepMove(row) for row in (*settled, *gone)]
        made = _made(clock, pipeline, todo.steps, _good(now_rows, rows)) if todo.steps else []
        if not (moves or made or todo.status.final):
            break
        after = replace(pipeline, status=todo.status, reason=todo.reason)
        if not _recorded(clock, pipeline, after, moves, made):
            continue  # somebody else did something about it: look again
        done.changed = True
        done.queued += sum(move.run is not None for move in made)
        if all(move.run is not None for move in made):
            break  # what is due next waits for runs
    return done


def follow(parts: Parts, run: Run) -> None:
    """A run has ended: if it was a pipeline's step, queue what is due next. Never raises: the sweep looks again."""
    clock = clock_of(parts)
    if run.pipeline_id is None or not run.final or clock is None:
        return
    try:
        carry_on(clock, run.pipeline_id)
    except Unavailable as error:
        _log.warning("pipeline %s: looked at again later: %s", run.pipeline_id, error.message)
    except Exception:  # noqa: BLE001 - the run is home, and its worker has others to look after
        _log.exception("pipeline %s: unexpected; looked at again later", run.pipeline_id)
    parts.bell.changed(run.pipeline_id)


def sweep_pipelines(clock: Clockwork) -> list[str]:
    """Look at every pipeline that nobody has looked at since something happened; those of which something is new."""
    changed = []
    for pipeline_id in clock.records.pipelines_due(_AT_ONCE):
        try:
            if carry_on(clock, pipeline_id).changed:
                changed.append(pipeline_id)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - what is wrong with one pipeline must not hold up all others
            _log.exception("pipeline %s: unexpected", pipeline_id)
    return changed


def _good(now_rows: dict[tuple[str, int], StepRow], rows: list[tuple[StepRow, Run | None]]) -> dict[str, Run]:
    """The runs of steps that have succeeded."""
    runs = {run.id: run for _, run in rows if run is not None}
    found = latest(now_rows.values()).values()
    return {row.step: runs[row.run_id] for row in found if row.state.good and row.run_id in runs}


def _made(
    clock: Clockwork, pipeline: Pipeline, steps: tuple[Step, ...], good: dict[str, Run]
) -> list[StepMove]:
    """Steps that are due, each with its run or with why there is none."""
    now = clock.records.now()
    needed = {need for step in steps for need in step.needs}
    maker = StepMaker(clock, pipeline, {name: run for name, run in good.items() if name in needed}, now)
    moves = []
    for step in steps:
        try:
            moves.append(maker.move(step))
        except TooMany as error:
            _log.info("pipeline %s, step %s waits: %s", pipeline.id, step.name, error.message)
        except Refused as error:
            moves.append(_refused(pipeline, step.name, now, error.message))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - a fault of the platform's own ends the step, not the one who looks
            _log.exception("pipeline %s, step %s: unexpected", pipeline.id, step.name)
            words = "something went wrong inside the platform; it is in its log"
            moves.append(_refused(pipeline, step.name, now, words))
    return moves


def _recorded(
    clock: Clockwork, before: Pipeline, after: Pipeline, moves: list[StepMove], made: list[StepMove]
) -> bool:
    try:
        return clock.records.move_pipeline(before, after, [*moves, *made])
    except Conflict as error:  # the owner was disabled or a version removed since these runs were made
        now = clock.records.now()
        refused = [_refused(before, move.row.step, now, error.message) for move in made]
        return clock.records.move_pipeline(before, after, [*moves, *refused])


def _refused(pipeline: Pipeline, step: str, now: float, words: str) -> StepMove:
    words = words[:1].upper() + words[1:] + "."
    return StepMove(StepRow(pipeline.id, step, pipeline.attempt, StepState.REFUSED, now, words))


def _gone(row: StepRow) -> StepRow:
    return replace(row, state=StepState.LOST, words="Its run is not on record any more.")
