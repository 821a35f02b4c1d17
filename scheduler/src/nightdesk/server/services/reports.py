"""Reports: making, changing and reading them, and which of their versions is meant."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errors import Invalid, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.report import (
    Reader,
    Report,
    check_may_publish,
    check_owns,
    check_reads,
    checked,
    may_read,
    moment_of,
)
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.records import Records

_AGAIN_SECONDS = 600.0
_MOST_NOTED = 10_000
_lock = threading.Lock()
_noted: OrderedDict[tuple[str, ...], float] = OrderedDict()


def readable(records: Records, person: Person) -> list[Report]:
    """The reports whose list somebody is on, by name."""
    return [report for report in records.reports() if may_read(person, report)]


def read_report(records: Records, person: Person, name: str) -> Report:
    """One of them.

    Raises:
        NotFound: there is none, or it is not for them.
    """
    return check_reads(person, records.report(name), name)


def make_report(records: Records, person: Person, report: Report) -> Report:
    """A new report of one's own runs; admins make them of anybody's.

    Raises:
        Invalid: something about it is wrong.
        NotAllowed: the runs are somebody else's.
        Conflict: there is one of that name.
    """
    report = checked(replace(report, owner=person.name, readers=_listed(report.readers)))
    check_may_publish(person, report.source_owner)
    return records.add_report(report, person.name)


def change_report(records: Records, person: Person, name: str, said: dict[str, Any]) -> Report:
    """Say something anew about a report: ``title``, ``description``, ``output``, ``code``, ``readers``.

    Raises:
        NotFound: there is none, or it is not for them.
        NotAllowed: it is another's.
    """
    before = read_report(records, person, name)
    check_owns(person, before)
    if "readers" in said:
        said = {**said, "readers": _listed(said["readers"])}
    after = checked(replace(before, **said))
    words = [
        f"{key}: {_words(getattr(after, key))}" for key in said if getattr(after, key) != getattr(before, key)
    ]
    return before if not words else records.change_report(after, person.name, "; ".join(words))


def remove_report(records: Records, person: Person, name: str) -> None:
    """Take a report away; runs and outputs stay.

    Raises:
        NotFound: there is none, or it is not for them.
        NotAllowed: it is another's.
    """
    check_owns(person, read_report(records, person, name))
    records.remove_report(name, person.name)


def version_of(records: Records, report: Report, as_of: str | None = None, run_id: str | None = None) -> Run:
    """The run that is meant: this one, the newest good one as of a date, or the newest.

    Raises:
        NotFound: there was none by then.
        Invalid: that is no date.
    """
    if run_id is not None:
        run = records.report_version(report, run_id)
        if run is None:
            raise NotFound(f"the report has no version of run '{run_id[:40]}'", "Its page lists them.")
        return run
    found = records.report_versions(report, None if as_of is None else moment_of(as_of), 1)
    if not found:
        hint = f"It shows {report.output} of the runs of {report.source_owner} named '{report.source_name}' that succeed."
        raise NotFound("the report has no version" + ("" if as_of is None else f" as of {as_of[:40]}"), hint)
    return found[0]


def note_reading(records: Records, person: Person, report: Report, run: Run, downloaded: str = "") -> None:
    """Note that somebody reads a report that is not theirs, once in ten minutes; each thing that is downloaded likewise."""
    if person.name == report.owner:
        return
    action = "report.downloaded" if downloaded else "report.seen"
    what, now = (person.name, action, report.name, run.id, downloaded), time.monotonic()
    with _lock:
        if now - _noted.get(what, -_AGAIN_SECONDS) < _AGAIN_SECONDS:
            return
    words = f"run {run.id}" + (f" as {downloaded}" if downloaded else "")
    records.note(Note(person.name, action, report.name, report.owner, words))
    with _lock:
        _noted[what] = now
        while len(_noted) > _MOST_NOTED:
            _noted.popitem(last=False)


def readers_of(words: str) -> tuple[Reader, ...]:
    """The list as people write it: ``everybody``, ``group:analysts``, ``ada``.

    Raises:
        Invalid: a word of it is nothing of that.
    """
    readers = []
    for word in _entries(words):
        kind, colon, name = word.partition(":")
        if word == "everybody":
            readers.append(Reader(Kind.EVERYBODY))
        elif not colon:
            readers.append(Reader(Kind.PERSON, word))
        elif kind in {"group", "person"} and name:
            readers.append(Reader(Kind(kind), name))
        else:
            raise Invalid(f"'{word[:60]}' is nobody", "Write a person's name, group:NAME, or everybody.")
    return tuple(readers)


def _entries(words: str) -> list[str]:
    """Parted by commas or lines; names of people by spaces as well, which names of groups may hold."""
    pieces = [piece.strip() for piece in words.replace("\n", ",").split(",")]
    return [
        word
        for piece in pieces
        if piece
        for word in ([piece] if piece.startswith("group:") else piece.split())
    ]


def in_words(readers: tuple[Reader, ...]) -> str:
    """The same, the other way round."""
    return ", ".join(
        "everybody"
        if reader.kind is Kind.EVERYBODY
        else f"group:{reader.name}"
        if reader.kind is Kind.GROUP
        else reader.name
        for reader in readers
    )


def _listed(readers: Any) -> tuple[Reader, ...]:
    given = [
        Reader(reader.kind, "" if reader.kind is Kind.EVERYBODY else reader.name.strip())
        for reader in readers
    ]
    return tuple(sorted(dict.fromkeys(given), key=lambda reader: (reader.kind, reader.name)))


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return in_words(value) or "nobody else"
    return {True: "shown", False: "hidden"}.get(value, str(value)) if isinstance(value, bool) else str(value)
