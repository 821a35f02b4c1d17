"""Making sweeps: everything is checked before anything is put on record, and then all of it is, in one transaction."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from nightdesk.config import Settings
from nightdesk.server.domain.environment import choose, runnable
from nightdesk.server.domain.errors import Invalid, TooMany
from nightdesk.server.domain.expansion import Point, Wish, expand, sum_of, varied
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run, new_id
from nightdesk.server.domain.submission import Submission, check_label
from nightdesk.server.domain.sweep import (
    Goal,
    Member,
    Sweep,
    check_at_most,
    check_metric,
    members,
    newest_of_each,
)
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records, Standing
from nightdesk.server.services.archive import check_archive
from nightdesk.server.services.inputs import FILES, PREPARED, SOURCE, input_key, small_enough
from nightdesk.server.services.notebook import cells_with_values, checked_values
from nightdesk.server.services.sources import sources_for
from nightdesk.server.services.submit import Asked, Files, check_source_size, compose, script_values

_SHOWN = 60  # characters of a set of parameters in a refusal


@dataclass(frozen=True, slots=True)
class NewSweep:
    """A sweep that somebody wants. ``each`` is what its runs are submitted with, but for their parameters.

    ``said`` is the wish as it came, to be kept.
    """

    each: Submission
    wish: Wish
    said: dict[str, Any]
    at_most: int | None = None
    metric: str | None = None
    goal: Goal = Goal.MAX


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be made: the sweep, its runs, and the file as it is run."""

    sweep: Sweep
    runs: list[Run]
    source: bytes


def plan_sweep(
    records: Records, settings: Settings, person: Person, wanted: NewSweep, source: bytes
) -> Planned:
    """Check a sweep as its runs would be checked one by one, and put nothing on record.

    Raises:
        Refused: in words; of parameters those say of which run.
    """
    each = wanted.each
    check_source_size(source, settings)
    points = expand(wanted.wish)
    check_at_most(wanted.at_most)
    check_metric(wanted.metric)
    standing = records.standing(person.name, each.name or each.file, person.rights.limits)
    _check_room(standing, settings, person.name, len(points))
    plain = replace(each, parameters={}, key=None)
    template, prepared = compose(settings, Asked(person, person, person.name), plain, source, standing)
    if each.inputs:
        disk = template.disk_bytes
        template = replace(template, sources=sources_for(records, person, each.inputs, each.file, disk))
    version = choose(runnable(standing.versions, person), each.environment)
    kernel = next((kernel for kernel in version.kernels if kernel.name == template.kernel), None)
    names = varied(points, wanted.wish.fixed)
    called = [(_called(place, points, names), point) for place, point in enumerate(points, 1)]
    cells = template.cells
    if kernel is None:
        values = [_of_script(words, point, each.parameters_are_text) for words, point in called]
    else:
        values = checked_values(prepared, kernel, called, each.parameters_are_text)
        cells = cells_with_values(prepared)
    sweep = replace(
        _sweep_of(template, wanted),
        count=len(points),
        varied=tuple(names),
        said=sum_of(wanted.wish, len(points)),
        language="" if kernel is None else kernel.language,
    )
    # In the order of their places: all are of one moment, and the queue goes by the id then.
    ids = sorted(new_id() for _ in points)
    runs = [
        replace(
            template,
            id=run_id,
            parameters=parameters,
            cells=cells if parameters else template.cells,
            sweep_id=sweep.id,
            sweep_place=place,
        )
        for place, (run_id, parameters) in enumerate(zip(ids, values, strict=True), 1)
    ]
    return Planned(sweep, runs, prepared)


def make_sweep(
    records: Records,
    store: FileStore,
    settings: Settings,
    person: Person,
    wanted: NewSweep,
    sent: tuple[bytes, Files | None],
) -> tuple[Sweep, bool]:
    """Put a sweep on record with all of its runs, or none of it; the sweep, and whether it is new.

    Raises:
        Refused: in words, before anything was stored.
        Unavailable: the database or the store does not answer.
    """
    key = wanted.each.key
    if key is not None:
        check_label("the idempotency key", key, "key")
        known = records.sweep_by_key(person.name, key)
        if known is not None:
            return known, False
    source, files = sent
    planned = plan_sweep(records, settings, person, wanted, source)
    runs = planned.runs
    inputs: dict[str, IO[bytes]] = {SOURCE: io.BytesIO(source)}
    if planned.source is not source:
        inputs[PREPARED] = io.BytesIO(planned.source)
    if files is not None:
        most = settings.runs.max_files_bytes
        count = check_archive(files.archive, files.packed_bytes, most, beside=wanted.each.file)
        files.archive.seek(0)
        inputs[FILES] = files.archive
        runs = [replace(run, files_count=count) for run in runs]
    return _add(records, store, planned.sweep, runs, inputs)


def members_of(records: Records, sweep: Sweep) -> list[Member]:
    """Its sets of parameters, each with its newest run and what that one has measured so far."""
    runs = records.runs_of_sweep(sweep.id)
    return members(runs, records.metrics(newest_of_each(runs)))


def _add(
    records: Records, store: FileStore, sweep: Sweep, runs: Sequence[Run], inputs: dict[str, IO[bytes]]
) -> tuple[Sweep, bool]:
    small = small_enough(inputs)
    if small is not None:
        return records.add_sweep(sweep, runs, small)
    keys = {name: input_key(sweep.id, name) for name in inputs}
    store.put_all({keys[name]: content for name, content in inputs.items()})
    accepted, new = records.add_sweep(sweep, runs, dict.fromkeys(inputs))
    if not new:
        for key in keys.values():
            store.remove(key)
    return accepted, new


def _sweep_of(template: Run, wanted: NewSweep) -> Sweep:
    """The sweep of runs such as this one, but for what it changes from one to the other."""
    return Sweep(
        id=new_id(),
        owner=template.owner,
        name=template.name,
        made_by=template.submitted_by,
        created_at=template.created_at,
        file=template.file,
        kind=wanted.wish.kind.value,
        count=0,
        varied=(),
        said="",
        environment=template.environment,
        version=template.version,
        groups=template.groups,
        at_most=wanted.at_most,
        metric=wanted.metric,
        goal=wanted.goal,
        kernel=template.kernel or "",
        wish=wanted.said,
        key=wanted.each.key,
    )


def _check_room(standing: Standing, settings: Settings, owner: str, count: int) -> None:
    most = settings.runs.limits.waiting
    if standing.waiting + count > most:
        waiting = f"{owner} has {standing.waiting} runs waiting" if standing.waiting else "none waits yet"
        raise TooMany(
            f"the sweep has {count} runs, {waiting}, and at most {most} may wait",
            "Take fewer values, or send it when some have started.",
        )


def _of_script(called: str, point: Point, text: bool) -> dict[str, Any]:
    try:
        return script_values(point, text)
    except Invalid as error:
        raise Invalid(f"{called}: {error.message}", error.hint, field=error.field) from None


def _called(place: int, points: list[Point], names: list[str]) -> str:
    point = points[place - 1]
    said = ", ".join(f"{name}={point[name]}" for name in names if name in point)
    said = said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
    return f"run {place} of {len(points)} ({said})"
