"""Accepting a run: check all that can be known now, store the inputs, put it on record."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import IO, Any

from nightdesk.config import Settings
from nightdesk.sections import Size
from nightdesk.server.domain.environment import Version, choose, runnable
from nightdesk.server.domain.errors import Invalid, NotAllowed, TooLarge, TooMany
from nightdesk.server.domain.notification import check_when
from nightdesk.server.domain.outcome import human_bytes, human_seconds
from nightdesk.server.domain.parameters import check_name, check_value, script_value
from nightdesk.server.domain.person import Person, owner_for
from nightdesk.server.domain.run import Priority, Run, new_id
from nightdesk.server.domain.submission import Submission, check_label, kind_of, label_from
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records, Standing
from nightdesk.server.services.allowance import check_limits, size_for
from nightdesk.server.services.archive import check_archive
from nightdesk.server.services.inputs import FILES, PREPARED, SOURCE, add_with_inputs
from nightdesk.server.services.notebook import prepare
from nightdesk.server.services.sources import sources_for

_MAX_RETRIES = 10
_MAX_RETRY_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Files:
    """The files taken along: a gzip tar and its length in bytes."""

    archive: IO[bytes]
    packed_bytes: int


@dataclass(frozen=True, slots=True)
class _Code:
    """What is to run, checked: ``source`` is what the runner gets."""

    source: bytes
    kernel: str | None
    parameters: dict[str, Any]
    cells: int
    notes: tuple[str, ...]


def submit(
    records: Records,
    store: FileStore,
    settings: Settings,
    person: Person,
    wanted: Submission,
    sent: tuple[bytes, Files | None],
) -> tuple[Run, bool]:
    """Put a run on record; the run, and whether it is new.

    Args:
        records: the database.
        store: where large inputs go.
        settings: the platform's.
        person: who asks.
        wanted: what they want; for somebody else it says as well what the hub knows of them.
        sent: the file as it came, and what is taken along.

    Raises:
        Refused: in words, before anything was stored.
        Unavailable: the database or the store does not answer.
    """
    owner = owner_for(person, wanted.as_user)
    if wanted.key is not None:
        check_label("the idempotency key", wanted.key, "key")
        known = records.run_by_key(owner, wanted.key)
        if known is not None:
            return known, False
    source, files = sent
    check_source_size(source, settings)
    kind_of(wanted.file)
    name = label_from(wanted.file) if wanted.name is None else check_label("the name", wanted.name, "name")
    theirs = person if wanted.owner is None else wanted.owner
    standing = records.standing(owner, name, theirs.rights.limits)
    check_waiting(standing, settings, owner)
    run, prepared = compose(settings, Asked(person, theirs, owner), wanted, source, standing)
    if wanted.inputs:
        run = replace(run, sources=sources_for(records, person, wanted.inputs, wanted.file, run.disk_bytes))
    if files is not None:
        most = settings.runs.max_files_bytes
        run = replace(
            run, files_count=check_archive(files.archive, files.packed_bytes, most, beside=wanted.file)
        )
    inputs: dict[str, IO[bytes]] = {SOURCE: io.BytesIO(source)}
    if prepared is not source:
        inputs[PREPARED] = io.BytesIO(prepared)
    if files is not None:
        files.archive.seek(0)
        inputs[FILES] = files.archive
    return add_with_inputs(records, store, run, inputs)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for whom (whose groups and rights count), and under which name the run is put on record."""

    by: Person
    theirs: Person
    owner: str


def compose(
    settings: Settings, asked: Asked, wanted: Submission, source: bytes, standing: Standing
) -> tuple[Run, bytes]:
    """The run that is wanted, without its files, and what the runner gets; nothing is put on record.

    Raises:
        Refused: it cannot be run as it stands, or is not for this person.
    """
    theirs, owner = asked.theirs, asked.owner
    kind = kind_of(wanted.file)
    name = label_from(wanted.file) if wanted.name is None else check_label("the name", wanted.name, "name")
    version = choose(runnable(standing.versions, asked.by), wanted.environment)
    size = size_for(theirs, settings, wanted.size)
    check_limits(theirs, size, standing)
    code = _notebook(source, version, wanted) if kind == "notebook" else _script(source, version, wanted)
    timeout = _timeout(wanted, size)
    run = Run(
        id=new_id(),
        owner=owner,
        submitted_by=asked.by.name,
        name=name,
        kind=kind,
        file=wanted.file,
        environment=version.environment,
        version=version.version,
        digest=version.digest,
        kernel=code.kernel,
        size=size.name,
        cpus=size.cpus,
        memory_bytes=size.memory_bytes,
        priority=_priority(wanted, asked.by),
        timeout_seconds=timeout,
        cell_timeout_seconds=_cell_timeout(wanted, settings, kind, timeout),
        retries=_retries(wanted),
        retry_wait_seconds=_retry_wait(wanted, settings),
        expected_seconds=standing.expected_seconds,
        groups=theirs.groups if owner == theirs.name else (),
        pids_limit=size.pids,
        disk_bytes=size.disk_bytes,
        output_bytes=size.output_bytes,
        parameters=code.parameters,
        notes=(*code.notes, *_left_out(wanted)),
        notify=check_when(wanted.notify),
        key=wanted.key,
        input_sha256=hashlib.sha256(source).hexdigest(),
        cells=code.cells,
        git=wanted.git,
        created_at=standing.now,
    )
    return run, code.source


def check_source_size(source: bytes, settings: Settings) -> None:
    """Raise :class:`TooLarge` for a notebook or script that is larger than one may be."""
    if len(source) > settings.runs.max_source_bytes:
        raise TooLarge(
            f"the file is larger than {human_bytes(settings.runs.max_source_bytes)}",
            "Clear its outputs before you submit it; data belongs in files.",
        )


def output_key(run: Run, name: str) -> str:
    """Where an output of the run's current attempt stands in the store."""
    return f"runs/{run.id}/{run.attempt}/outputs/{name}"


def _notebook(source: bytes, version: Version, wanted: Submission) -> _Code:
    prepared = prepare(source, version, wanted.parameters, wanted.parameters_are_text)
    return _Code(prepared.source, prepared.kernel.name, prepared.parameters, prepared.cells, prepared.notes)


def check_script(source: bytes, version: Version, file: str) -> None:
    """Raise :class:`Invalid` where the version cannot run the script, or it is no text."""
    language = "R" if file.lower().endswith(".r") else "python"
    languages = {kernel.language for kernel in version.kernels}
    if language not in languages:
        raise Invalid(
            f"{version.label} does not run {language}: it has {', '.join(sorted(languages))}",
            "Choose another environment with --env.",
            field="environment",
        )
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"the script is not UTF-8 text: byte {error.start} cannot be read") from None


def _script(source: bytes, version: Version, wanted: Submission) -> _Code:
    check_script(source, version, wanted.file)
    return _Code(source, None, script_values(wanted.parameters, wanted.parameters_are_text), 0, ())


def script_values(given: dict[str, Any], text: bool) -> dict[str, Any]:
    """Parameters as a script gets them; ``text`` says that they were typed on a command line.

    Raises:
        Invalid: one cannot be a variable, or its value is none that comes back from JSON.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        check_name(name)
        values[name] = script_value(value) if text else value
        check_value(name, values[name])
    return values


def _left_out(wanted: Submission) -> tuple[str, ...]:
    return (f"Left out of what came along: {', '.join(wanted.left_out)}.",) if wanted.left_out else ()


def _timeout(wanted: Submission, size: Size) -> float:
    seconds = wanted.timeout_seconds
    if seconds is None:
        return size.time_limit_seconds
    if not 1 <= seconds <= size.time_limit_seconds:
        raise Invalid(
            f"the time limit must be between 1 s and {human_seconds(size.time_limit_seconds)}, "
            f"the limit of size '{size.name}'",
            field="timeout_seconds",
        )
    return seconds


def _cell_timeout(wanted: Submission, settings: Settings, kind: str, timeout: float) -> float | None:
    seconds = wanted.cell_timeout_seconds
    if seconds is None:
        # The platform's own says nothing about scripts, and nothing new to runs that end before it.
        usual = settings.runs.cell_timeout_seconds
        return usual if kind == "notebook" and usual is not None and usual < timeout else None
    if kind != "notebook":
        raise Invalid(
            "a script has no cells to limit",
            "Limit the whole of it with --timeout.",
            field="cell_timeout_seconds",
        )
    if not 1 <= seconds <= timeout:
        raise Invalid(
            f"the time limit of a cell must be between 1 s and {human_seconds(timeout)}, the limit of the run",
            field="cell_timeout_seconds",
        )
    return seconds


def _retry_wait(wanted: Submission, settings: Settings) -> float:
    seconds = wanted.retry_wait_seconds
    if seconds is None:
        return settings.runs.retry_wait_seconds
    if not 0 <= seconds <= _MAX_RETRY_WAIT:
        raise Invalid(
            f"the wait before a retry must be between 0 s and {human_seconds(_MAX_RETRY_WAIT)}",
            field="retry_wait_seconds",
        )
    return seconds


def _priority(wanted: Submission, person: Person) -> Priority:
    if wanted.priority is Priority.URGENT and not person.admin:
        raise NotAllowed(
            "only admins submit urgent runs, which go before everybody's",
            "Choose high: it goes before your own other runs.",
            field="priority",
        )
    return wanted.priority


def check_waiting(standing: Standing, settings: Settings, owner: str) -> None:
    """Raise :class:`TooMany` where so many of the owner's runs wait that no further one may."""
    most = settings.runs.limits.waiting
    if standing.waiting >= most:
        raise TooMany(
            f"{owner} has {standing.waiting} runs waiting already; the limit is {most}",
            "Submit again when some have started, or cancel some that are not needed any more.",
        )


def _retries(wanted: Submission) -> int:
    if not 0 <= wanted.retries <= _MAX_RETRIES:
        raise Invalid(f"retries must be between 0 and {_MAX_RETRIES}", field="retries")
    return wanted.retries
