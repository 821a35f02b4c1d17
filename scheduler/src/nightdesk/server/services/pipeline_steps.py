"""Making the run of a step that is due: what it is given of the steps before it, and whether it has to run at all."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import IO, Any

from nightdesk.server.domain.errors import Invalid, NotAllowed, NotFound
from nightdesk.server.domain.graph import OWN_PARAMETERS, Reference, Step, filled_in, references
from nightdesk.server.domain.parameters import no_constant
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.pipeline import (
    MOST_VALUES_BYTES,
    VALUES,
    Pipeline,
    StepRow,
    StepState,
    fingerprint,
)
from nightdesk.server.domain.run import Output, Run
from nightdesk.server.domain.submission import Submission, WantedInput
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.pipelines import StepMove
from nightdesk.server.ports.records import Records
from nightdesk.server.services.clockwork import Clockwork
from nightdesk.server.services.inputs import FILES, PREPARED, SMALL_BYTES, SOURCE, input_key, open_input
from nightdesk.server.services.sources import sources_for
from nightdesk.server.services.submit import Asked, check_waiting, compose, output_key

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Before:
    """What a step may read of one before it."""

    run: Run
    outputs: tuple[Output, ...]
    values: Mapping[str, Any] = field(default_factory=dict)


def values_of(records: Records, store: FileStore, runs: Mapping[str, Run]) -> dict[str, Before]:
    """What these steps have left: outputs, and their values by name (metrics, and what stands in ``values.json``).

    Raises:
        Unavailable: the database or the store does not answer.
    """
    all_of_them = list(runs.values())
    metrics = records.metrics(all_of_them)
    outputs = records.outputs([run.id for run in all_of_them]) if all_of_them else {}
    found = {}
    for step, run in runs.items():
        left = tuple(outputs[run.id])
        values: dict[str, Any] = {metric.name: metric.value for metric in metrics[run.id]}
        values |= next((_said(store, run, output) for output in left if output.name == VALUES), {})
        found[step] = Before(run, left, values)
    return found


def _said(store: FileStore, run: Run, output: Output) -> dict[str, Any]:
    """What ``values.json`` says; a file that is no object of values says nothing."""
    if output.size > MOST_VALUES_BYTES:
        return {}
    try:
        with store.open(output_key(run, output.name)) as file:
            said = json.loads(file.read(MOST_VALUES_BYTES), parse_constant=no_constant)
    except (NotFound, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


class StepMaker:
    """Makes the runs of one pipeline's steps; what they go by is asked once for all that are due together."""

    def __init__(self, clock: Clockwork, pipeline: Pipeline, good: Mapping[str, Run], now: float) -> None:
        self._clock = clock
        self._pipeline = pipeline
        self._now = now
        self._before = values_of(clock.records, clock.store, good)
        self._owner: Person | None = None

    def move(self, step: Step) -> StepMove:
        """The step's row with its run, or without one where an earlier run stands for it.

        Raises:
            Refused: it cannot be run, in words.
            Unavailable: the hub, the database or the store does not answer.
        """
        pipeline, pin = self._pipeline, self._pipeline.pins[step.name]
        before = {need: self._before[need] for need in step.needs}
        parameters = self._filled(step, before)
        wanted_inputs = [
            WantedInput(each.name, before[each.step].run.id, each.output) for each in step.inputs
        ]
        sums = {
            (each.run.id, output.name): output.sha256 for each in before.values() for output in each.outputs
        }
        made_of = fingerprint(
            pin,
            pipeline.beside if pipeline.graph.files else "",
            parameters,
            [(each.name, sums.get((each.run, each.output), "")) for each in wanted_inputs],
            {
                name: ([(output.name, output.sha256) for output in each.outputs], each.values)
                for name, each in before.items()
            },
        )
        row = StepRow(
            pipeline.id, step.name, pipeline.attempt, StepState.GOING, self._now, fingerprint=made_of
        )
        if step.skip_unchanged:
            earlier = self._clock.records.unchanged(pipeline, step.name, made_of)
            if earlier is not None:
                words = f"Nothing has changed since run {earlier.id}."
                return StepMove(replace(row, state=StepState.SKIPPED, words=words, run_id=earlier.id))
        with ExitStack() as opened:
            run, inputs = self._made(opened, step, parameters, wanted_inputs)
            run = replace(run, steps={name: each.run.id for name, each in before.items()} or None)
            return StepMove(replace(row, run_id=run.id), run, self._kept(run, inputs))

    def _filled(self, step: Step, before: Mapping[str, Before]) -> dict[str, Any]:
        known = {Reference(OWN_PARAMETERS, name): value for name, value in self._pipeline.parameters.items()}
        for name, each in before.items():
            known |= {Reference(name, value): given for value, given in each.values.items()}
        parameters = dict(step.parameters)
        for one in references(parameters):
            if one not in known:
                there = sorted(before[one.source].values) if one.source in before else []
                raise Invalid(
                    f"step '{one.source}' has left no value '{one.name[:100]}'; "
                    + (f"it has left: {', '.join(there)[:300]}" if there else "it has left none")
                )
        filled: dict[str, Any] = filled_in(parameters, known)
        return filled

    def _made(
        self, opened: ExitStack, step: Step, parameters: dict[str, Any], wanted_inputs: list[WantedInput]
    ) -> tuple[Run, dict[str, IO[bytes]]]:
        clock, pipeline = self._clock, self._pipeline
        records, pin = clock.records, pipeline.pins[step.name]
        owner = self._person()
        name = step_run_name(pipeline.name, step.name)
        standing = records.standing(owner.name, name, owner.rights.limits)
        check_waiting(standing, clock.settings, owner.name)
        source = opened.enter_context(open_input(records, clock.store, pipeline.id, pin.source)).read()
        wanted = submission(step, pin.label, name, parameters)
        run, prepared = compose(clock.settings, Asked(owner, owner, owner.name), wanted, source, standing)
        given: dict[str, IO[bytes]] = {SOURCE: io.BytesIO(source)}
        if prepared is not source:
            given[PREPARED] = io.BytesIO(prepared)
        if pipeline.graph.files and pipeline.files_count:
            given[FILES] = opened.enter_context(open_input(records, clock.store, pipeline.id, FILES))
        sources = (
            sources_for(records, owner, wanted_inputs, step.run, run.disk_bytes) if wanted_inputs else ()
        )
        run = replace(
            run,
            sources=sources,
            files_count=pipeline.files_count if FILES in given else 0,
            pipeline_id=pipeline.id,
            step=step.name,
            git=pipeline.git,
            schedule_id=pipeline.schedule_id,
            scheduled_at=pipeline.scheduled_at,
        )
        return run, given

    def _person(self) -> Person:
        """The owner with the groups and rights of now."""
        if self._owner is None:
            found = self._clock.people.person(self._pipeline.owner)
            if found is None:
                raise NotAllowed(f"there is nobody called {self._pipeline.owner} any more")
            self._owner = self._clock.policies.with_rights(found)
        return self._owner

    def _kept(self, run: Run, given: Mapping[str, IO[bytes]]) -> dict[str, bytes]:
        """The run's inputs where they are small; large ones are in the store then."""
        sizes = {name: file.seek(0, io.SEEK_END) for name, file in given.items()}
        for file in given.values():
            file.seek(0)
        if sum(sizes.values()) <= SMALL_BYTES:
            return {name: file.read() for name, file in given.items()}
        self._clock.store.put_all({input_key(run.id, name): file for name, file in given.items()})
        return {}


def submission(step: Step, environment: str | None, name: str, parameters: dict[str, Any]) -> Submission:
    """What is submitted for a step."""
    return Submission(
        file=step.run,
        name=name,
        environment=environment,
        size=step.size,
        parameters=parameters,
        timeout_seconds=step.timeout_seconds,
        cell_timeout_seconds=step.cell_timeout_seconds,
        retries=step.retries,
        retry_wait_seconds=step.retry_wait_seconds,
    )


def step_run_name(pipeline: str, step: str) -> str:
    """What a step's run is called in lists."""
    room = _LONGEST_NAME - len(step) - 2
    return f"{pipeline if len(pipeline) <= room else pipeline[: room - 1] + '…'}: {step}"
