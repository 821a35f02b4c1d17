"""Outputs of other runs as inputs: looked up when a run is submitted, laid beside its file when it starts."""

from __future__ import annotations

from collections.abc import Iterable

from nightdesk.server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.person import Person, check_sees
from nightdesk.server.domain.run import Run, Source
from nightdesk.server.domain.submission import WantedInput, check_file_name
from nightdesk.server.ports.files import FileStore, RunFolders
from nightdesk.server.ports.records import Records
from nightdesk.server.services.sightings import note_sight

_MOST = 100


def sources_for(
    records: Records, person: Person, wanted: Iterable[WantedInput], beside: str, disk_bytes: int
) -> tuple[Source, ...]:
    """What is asked for, as it is on record.

    Args:
        records: the database.
        person: who asks: they must see each of the runs.
        wanted: names, runs and outputs.
        beside: the file that they are to lie beside.
        disk_bytes: what a run of its size may have of files.

    Raises:
        NotFound: a run that is none, or not theirs to see, or one without this output.
        Conflict: a run that is not over.
        Invalid, TooLarge: names that do not fit, or too much of it.
    """
    found: dict[str, Source] = {}
    for one in wanted:
        check_file_name(one.name)
        if one.name == beside or one.name in found:
            raise Invalid(
                f"the input '{one.name[:100]}' would stand in the place of another file",
                "Name it otherwise.",
                field="inputs",
            )
        run = check_sees(person, records.run(one.run), one.run)
        if not run.final:
            raise Conflict(f"run {run.id} is {run.status}: its outputs are there when it is over")
        outputs = {output.name: output for output in records.outputs([run.id])[run.id]}
        output = outputs.get(one.output)
        if output is None:
            gone = f": {run.removed_why}" if run.removed_at is not None else ""
            words = f"run {run.id} has no output '{one.output[:200]}'"
            raise NotFound(
                f"{words}; its outputs were removed{gone}" if gone else words,
                f"List them: nightdesk show {run.id}",
            )
        note_sight(records, person, run, output.name)
        found[one.name] = Source(one.name, run.id, run.attempt, output.name, output.size, output.sha256)
        if len(found) > _MOST:
            raise TooLarge(f"a run gets at most {_MOST} outputs of others", field="inputs")
    total = sum(source.size for source in found.values())
    if total > disk_bytes:
        raise TooLarge(
            f"the inputs have {human_bytes(total)}, and a run of this size may have {human_bytes(disk_bytes)} of files",
            "Choose another size.",
            field="inputs",
        )
    return tuple(found.values())


def check_still_sees(records: Records, person: Person, run: Run) -> None:
    """Whoever runs something again gets its inputs if they may see them, and they are there.

    Raises:
        NotFound: they may not, or they are not.
    """
    for source in run.sources:
        seen = check_sees(person, records.run(source.run), source.run)
        outputs = records.outputs([seen.id], source.attempt)[seen.id]
        if source.output not in {output.name for output in outputs}:
            raise NotFound(
                f"the input '{source.name}' is not there any more: run {seen.id} has lost its outputs"
            )


def lay_sources(store: FileStore, folders: RunFolders, run: Run) -> None:
    """Put a run's inputs beside its file, to be read only.

    Raises:
        NotFound: one is not there any more.
        Invalid: one is not what it was.
    """
    for source in run.sources:
        try:
            content = store.open(f"runs/{source.run}/{source.attempt}/outputs/{source.output}")
        except NotFound:
            raise NotFound(f"its input {source.name} (of run {source.run}) is not there any more") from None
        with content:
            if folders.add_input(run, source.name, content) != source.sha256:
                raise Invalid(
                    f"its input {source.name} is not what run {source.run} left: the checksum differs"
                )
