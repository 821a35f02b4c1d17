"""Sending, cancelling and resuming pipelines. What they do by themselves is in ``pipelining``."""

from __future__ import annotations

import gzip
import hashlib
import io
import posixpath
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import IO, Any

from nightdesk.server.domain.environment import Version, choose, runnable
from nightdesk.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Refused, TooLarge
from nightdesk.server.domain.graph import OWN_PARAMETERS, Graph, Reference, Step, filled_in, references
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.parameters import Parameter, check_value, convert
from nightdesk.server.domain.person import Person, may_cancel, may_see
from nightdesk.server.domain.pipeline import Pin, Pipeline
from nightdesk.server.domain.pipeline_file import read_pipeline
from nightdesk.server.domain.run import new_id
from nightdesk.server.domain.submission import check_label, kind_of
from nightdesk.server.ports.records import Standing
from nightdesk.server.services.archive import check_archive
from nightdesk.server.services.clockwork import Clockwork
from nightdesk.server.services.inputs import FILES, SMALL_BYTES, input_key
from nightdesk.server.services.notebook import declared, prepare
from nightdesk.server.services.pipeline_steps import step_run_name, submission
from nightdesk.server.services.submit import Asked, Files, compose

_PIECE = 2**18
TEXT = "pipeline.yaml"  # the file among the pipeline's inputs, whatever it was called


@dataclass(frozen=True, slots=True)
class NewPipeline:
    """A pipeline that somebody wants: the file as it came, the folder that it lies in, and what is said about both.

    ``skip_unchanged`` None: as the file says.
    """

    text: bytes
    folder: Files
    file: str = TEXT
    environment: str | None = None  # of steps that name none
    size: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    parameters_are_text: bool = False
    skip_unchanged: bool | None = None
    name: str | None = None
    key: str | None = None
    git: dict[str, Any] | None = None
    schedule_id: str | None = None
    scheduled_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Folder:
    """What came along: the steps' files by name, how many files there are, and a checksum of all others."""

    sources: Mapping[str, bytes]
    count: int
    beside: str


def make_pipeline(clock: Clockwork, person: Person, wanted: NewPipeline) -> tuple[Pipeline, bool]:
    """Put a pipeline on record with a copy of all that it needs; the pipeline, and whether it is new.

    Nothing of it starts by this: ``pipelining.carry_on`` is to be called.

    Raises:
        Refused: in words; what any of its steps would be refused for now is refused here.
        Unavailable: the database or the store does not answer.
    """
    if wanted.key is not None:
        check_label("the idempotency key", wanted.key, "key")
        known = clock.records.pipeline_by_key(person.name, wanted.key)
        if known is not None:
            return known, False
    pipeline, sources = composed(clock, person, wanted)
    return clock.records.add_pipeline(pipeline, put_away(clock, pipeline, wanted, sources))


def put_away(
    clock: Clockwork, pipeline: Pipeline, wanted: NewPipeline, sources: Mapping[str, bytes]
) -> dict[str, bytes] | None:
    """The pipeline's inputs, where they are small, to be put on record with it; large ones are in the store then."""
    inputs: dict[str, IO[bytes]] = {TEXT: io.BytesIO(wanted.text)}
    inputs |= {name: io.BytesIO(content) for name, content in sources.items()}
    if pipeline.files_count:
        inputs[FILES] = wanted.folder.archive
    sizes = {name: content.seek(0, io.SEEK_END) for name, content in inputs.items()}
    for content in inputs.values():
        content.seek(0)
    if sum(sizes.values()) <= SMALL_BYTES:
        return {name: content.read() for name, content in inputs.items()}
    clock.store.put_all({input_key(pipeline.id, name): content for name, content in inputs.items()})
    return None


def composed(clock: Clockwork, person: Person, wanted: NewPipeline) -> tuple[Pipeline, dict[str, bytes]]:
    """The pipeline as it would be, and its steps' files by the names that they are kept under; nothing is on record.

    Raises:
        Refused: all that is wrong with its steps, in words.
    """
    graph = read_pipeline(wanted.text, wanted.file)
    if wanted.name is not None:
        graph = replace(graph, name=check_label("the name", wanted.name, "name"))
    steps = [
        replace(step, environment=step.environment or wanted.environment, size=step.size or wanted.size)
        for step in graph.steps
    ]
    graph = replace(graph, steps=tuple(steps))
    if wanted.skip_unchanged is not None:
        graph = replace(
            graph, steps=tuple(replace(step, skip_unchanged=wanted.skip_unchanged) for step in graph.steps)
        )
    parameters = _parameters(graph, wanted)
    most = clock.settings.runs.max_source_bytes
    folder = _opened(wanted, graph, clock.settings.runs.max_files_bytes, most)
    standing = clock.records.standing(person.name, "", person.rights.limits)
    names = {run: f"source-{number}" for number, run in enumerate(folder.sources)}
    pins: dict[str, Pin] = {}
    problems = []
    for step in graph.steps:
        try:
            pins[step.name] = _pinned(
                clock, person, graph, step, (parameters, folder.sources, standing, names)
            )
        except Refused as error:
            problems.append(f"line {step.line}, step '{step.name}': {error.message}")
    if problems:
        more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise Invalid(
            f"{wanted.file}, {'; '.join(problems[:10])}{more}",
            "Nothing was started. docs/pipelines.md helps.",
        )
    pipeline = Pipeline(
        id=new_id(),
        owner=person.name,
        submitted_by=person.name,
        name=graph.name,
        graph=graph,
        pins=pins,
        created_at=standing.now,
        parameters=parameters,
        groups=person.groups,
        files_count=folder.count if graph.files else 0,
        beside=folder.beside if graph.files else "",
        key=wanted.key,
        git=wanted.git,
        schedule_id=wanted.schedule_id,
        scheduled_at=wanted.scheduled_at,
    )
    return pipeline, {names[run]: content for run, content in folder.sources.items()}


def cancel(clock: Clockwork, person: Person, pipeline: Pipeline) -> tuple[Pipeline, list[str]]:
    """Start no further step and end those that go on; the pipeline as it is then, and their runs.

    Raises:
        NotAllowed: they may see it and no more.
    """
    if not may_cancel(person, pipeline):
        raise NotAllowed(
            f"pipeline {pipeline.id} is {pipeline.owner}'s: you may look at it, but not cancel it",
            f"Ask {pipeline.owner} or an admin.",
        )
    found = clock.records.cancel_pipeline(pipeline.id, person.name)
    return (pipeline, []) if found is None else found


def resume(clock: Clockwork, person: Person, pipeline: Pipeline) -> Pipeline:
    """Go on at the steps that have not succeeded; with its owner's rights.

    Raises:
        NotAllowed: it is another's.
        Conflict: it goes on, or is done.
    """
    if not (person.admin or pipeline.owner == person.name):
        raise NotAllowed(
            f"pipeline {pipeline.id} is {pipeline.owner}'s: only they and admins resume it",
            f"Ask {pipeline.owner}.",
        )
    resumed = clock.records.resume_pipeline(pipeline, person.name)
    if resumed is None:
        raise Conflict(f"pipeline {pipeline.id} has just been changed by somebody else", "Look at it again.")
    return resumed


def check_sees(person: Person, pipeline: Pipeline | None, pipeline_id: str) -> Pipeline:
    """The pipeline, if this person may see it: as with runs.

    Raises:
        NotFound: there is none, or it is another's: the two answers are the same on purpose.
    """
    if pipeline is None or not may_see(person, pipeline):
        raise NotFound(f"there is no pipeline '{pipeline_id[:40]}'", "List yours: `nightdesk pipeline list`.")
    return pipeline


def _pinned(
    clock: Clockwork,
    person: Person,
    graph: Graph,
    step: Step,
    known: tuple[Mapping[str, Any], Mapping[str, bytes], Standing, Mapping[str, str]],
) -> Pin:
    """What the step is run from and in, checked as far as can be known before the steps that it needs have run."""
    parameters, sources, standing, names = known
    source = sources.get(step.run)
    if source is None:
        raise NotFound(f"there is no file '{step.run}' beside it")
    version = choose(runnable(standing.versions, person), step.environment)
    own = {Reference(OWN_PARAMETERS, name): value for name, value in parameters.items()}
    now: dict[str, Any] = {}
    later = []
    for name, value in step.parameters.items():
        if all(one.own for one in references(value)):
            now[name] = filled_in(value, own)
        else:
            later.append(name)
    name = step_run_name(graph.name, step.name)
    wanted = submission(step, version.label, name, now)
    compose(clock.settings, Asked(person, person, person.name), wanted, source, standing)
    if kind_of(step.run) == "notebook":
        _check_takes(source, version, later)
    sha256 = hashlib.sha256(source).hexdigest()
    return Pin(names[step.run], sha256, version.environment, version.version, version.digest)


def _check_takes(source: bytes, version: Version, later: list[str]) -> None:
    """Raise :class:`Invalid` where a notebook has no parameter for a value that is not known yet."""
    known = declared(prepare(source, version, {}, False)) if later else None
    if known is None:
        return
    there = [parameter.name for parameter in known]
    for name in later:
        if name not in there:
            raise Invalid(
                f"the notebook has no parameter '{name}'; it has: {', '.join(there) or 'none'}",
            )


def _parameters(graph: Graph, wanted: NewPipeline) -> dict[str, Any]:
    """The pipeline's parameters: what was given, in the type of the default, and defaults.

    Raises:
        Invalid: one that it does not have, one that does not fit, or one that is missing.
    """
    found = dict(graph.parameters)
    for name, value in wanted.parameters.items():
        if name not in found:
            there = f"It has: {', '.join(found)}." if found else "It has none."
            raise Invalid(f"the pipeline has no parameter '{name[:100]}'", there, field=f"parameters.{name}")
        default = graph.parameters[name]
        kinds = frozenset() if default is None else frozenset({type(default).__name__})
        declared_as = Parameter(name, kinds, default is None, default, "")
        found[name] = convert(declared_as, value, wanted.parameters_are_text)
        check_value(name, found[name])
    missing = [name for name, value in found.items() if value is None and name not in wanted.parameters]
    if missing:
        raise Invalid(
            f"the pipeline needs a value for {', '.join(missing)}",
            f"Give it: -p {missing[0]}=VALUE.",
            field=f"parameters.{missing[0]}",
        )
    return found


def _opened(wanted: NewPipeline, graph: Graph, most_bytes: int, most_source: int) -> _Folder:
    """The steps' files, and what lies beside them.

    Raises:
        Invalid, TooLarge: no archive that can be unpacked.
    """
    archive = wanted.folder.archive
    archive.seek(0)
    count = check_archive(archive, wanted.folder.packed_bytes, most_bytes)
    archive.seek(0)
    runs = {step.run for step in graph.steps}
    sources: dict[str, bytes] = {}
    others: list[tuple[str, str]] = []
    with (
        gzip.GzipFile(fileobj=archive, mode="rb") as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|") as tar,
    ):
        for member in tar:
            name = posixpath.normpath(member.name)
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                continue
            if name in runs:
                if member.size > most_source:
                    raise TooLarge(f"'{name}' is larger than {human_bytes(most_source)}")
                sources[name] = content.read()
            elif name != wanted.file:
                others.append((name, _sum(content)))
    beside = hashlib.sha256(repr(sorted(others)).encode("utf-8", "surrogateescape")).hexdigest()
    return _Folder(dict(sorted(sources.items())), count, beside if others else "")


def _sum(content: IO[bytes]) -> str:
    found = hashlib.sha256()
    while piece := content.read(_PIECE):
        found.update(piece)
    return found.hexdigest()
