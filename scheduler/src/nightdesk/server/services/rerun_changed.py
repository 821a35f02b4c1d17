"""Running a run again with changes: the same file and what came along, with other parameters, version, size or name."""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import IO, Any

from nightdesk.config import Settings
from nightdesk.server.domain.environment import Offer, runnable
from nightdesk.server.domain.errors import NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Priority, Run
from nightdesk.server.domain.submission import Submission
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records, Standing
from nightdesk.server.services.inputs import (
    FILES,
    PREPARED,
    SOURCE,
    add_with_inputs,
    inputs_there,
    open_input,
)
from nightdesk.server.services.sources import check_still_sees
from nightdesk.server.services.submit import Asked, check_waiting, compose


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be otherwise; None leaves a thing as it was.

    ``parameters`` are all of them, not only those that differ; ``text`` says that they were typed.
    """

    parameters: dict[str, Any] | None = None
    text: bool = False
    environment: str | None = None
    size: str | None = None
    name: str | None = None
    timeout_seconds: float | None = None


def read_source(records: Records, store: FileStore, run: Run) -> bytes:
    """The file that a run was handed over with.

    Raises:
        NotFound: it is not there any more.
    """
    if SOURCE not in inputs_there(records, store, run.id):
        raise NotFound(f"the inputs of run {run.id} are not there any more", "Submit the file anew.")
    with open_input(records, store, run.id, SOURCE) as file:
        return file.read()


def retry_changed(
    records: Records, store: FileStore, settings: Settings, person: Person, run: Run, changes: Changes
) -> Run:
    """A new run of the person who asks, checked as a submit is.

    Raises:
        Refused: as of a submit, or its inputs are gone.
    """
    source = read_source(records, store, run)
    name = changes.name or run.name
    standing = records.standing(person.name, name, person.rights.limits)
    check_waiting(standing, settings, person.name)
    check_still_sees(records, person, run)
    wanted = _wanted(settings, run, changes, name, environment_of(run, person, standing))
    made, prepared = compose(settings, Asked(person, person, person.name), wanted, source, standing)
    made = replace(
        made,
        sources=run.sources,
        files_count=run.files_count,
        notes=(*made.notes, f"Runs {run.id} again, with changes."),
    )
    with ExitStack() as opened:
        inputs: dict[str, IO[bytes]] = {SOURCE: io.BytesIO(source)}
        if prepared is not source:
            inputs[PREPARED] = io.BytesIO(prepared)
        if run.files_count:
            inputs[FILES] = opened.enter_context(open_input(records, store, run.id, FILES))
        return add_with_inputs(records, store, made, inputs)[0]


def environment_of(run: Run, person: Person, standing: Standing) -> str:
    """Where it runs if nothing else is said: in the version that it ran in, or what its environment has on offer."""
    mine = runnable(standing.versions, person)
    same = [each for each in mine if each.environment == run.environment and each.version == run.version]
    there = bool(same) and same[0].offer is not Offer.REMOVED
    return f"{run.environment}:{run.version}" if there else run.environment


def _wanted(settings: Settings, run: Run, changes: Changes, name: str, environment: str) -> Submission:
    same_size = changes.size in {None, run.size}
    timeout = changes.timeout_seconds
    size = settings.sizes.get(run.size)
    if timeout is None and same_size and size is not None:
        timeout = min(run.timeout_seconds, size.time_limit_seconds)
    cell_timeout = run.cell_timeout_seconds
    if cell_timeout is not None and timeout is not None:
        cell_timeout = min(cell_timeout, timeout)
    return Submission(
        file=run.file,
        name=name,
        environment=changes.environment or environment,
        size=changes.size or run.size,
        parameters=run.parameters if changes.parameters is None else changes.parameters,
        parameters_are_text=changes.parameters is not None and changes.text,
        priority=Priority.HIGH if run.priority is Priority.URGENT else run.priority,
        timeout_seconds=timeout,
        cell_timeout_seconds=cell_timeout if same_size else None,
        retries=run.retries,
        retry_wait_seconds=run.retry_wait_seconds,
        notify=run.notify,
        git=run.git,
    )
