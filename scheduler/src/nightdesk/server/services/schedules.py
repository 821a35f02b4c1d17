"""Making, changing, pausing and removing schedules. What they do by themselves is in ``ticking``."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO, Any

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.environment import choose, default_of, runnable
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound
from nightdesk.server.domain.parameters import check_name
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.repository import GitFile, Place
from nightdesk.server.domain.run import Run, new_id
from nightdesk.server.domain.schedule import (
    MOST_OF_ONE,
    Rules,
    Schedule,
    Snapshot,
    Tick,
    Wishes,
    check_rules,
)
from nightdesk.server.domain.submission import check_label, label_from
from nightdesk.server.domain.timetable import Timetable, timetable
from nightdesk.server.ports.records import Records, Standing
from nightdesk.server.ports.schedules import StoredInput
from nightdesk.server.services.archive import check_archive
from nightdesk.server.services.inputs import FILES, SMALL_BYTES, SOURCE, inputs_there, open_input
from nightdesk.server.services.scheduled_pipelines import check_said, check_scheduled
from nightdesk.server.services.submit import Asked, Files, check_source_size, compose
from nightdesk.server.services.ticking import Clockwork, launch_now

SHOWN_TICKS = 5


@dataclass(frozen=True, slots=True)
class WhenWanted:
    """The part of a schedule that says when: one of cron and seconds."""

    cron: str | None = None
    every_seconds: float | None = None
    zone: str = "UTC"
    on_push: bool = False


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """A schedule that somebody wants. In ``wishes`` an empty environment means the platform's default."""

    when: WhenWanted
    wishes: Wishes
    rules: Rules = field(default_factory=Rules)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """The file as it came, and what is taken along; where it is fetched each time, with ``place``, as it is just now."""

    source: bytes
    files: Files | None = None
    place: Place | None = None


def preview(wanted: WhenWanted, now: float, count: int = SHOWN_TICKS) -> tuple[Timetable, list[int]]:
    """The timetable, and its next ticks.

    Raises:
        Invalid: it is none, or never due.
    """
    table = timetable(wanted.cron, wanted.every_seconds, wanted.zone, now, wanted.on_push)
    return table, list(islice(table.following(now), count))


def make_schedule(clock: Clockwork, person: Person, wanted: NewSchedule, given: Given) -> Schedule:
    """Put a schedule on record, with a copy of its file.

    Raises:
        Refused: in words; what its runs would be refused for now is refused here.
    """
    records = clock.records
    now = records.now()
    table, ticks = preview(wanted.when, now, 1)
    name = (
        label_from(wanted.wishes.file)
        if wanted.name is None
        else check_label("the name", wanted.name, "name")
    )
    wishes = wanted.wishes
    if wishes.time_parameter is not None:
        check_name(wishes.time_parameter, "time_parameter")
    wishes = replace(wishes, environment=_environment(records, person, wishes.environment))
    schedule = Schedule(
        id=new_id(),
        owner=person.name,
        name=name,
        timetable=table,
        wishes=wishes,
        rules=check_rules(wanted.rules),
        snapshot=_snapshot(clock, given, wishes.file, now),
        created_at=now,
        created_by=person.name,
        groups=person.groups,
        next_at=float(ticks[0]) if ticks else None,
        source=given.place,
    )
    _check_pushed(schedule)
    _try_out(clock, person, schedule, given.source, given.files)
    inputs = _stored(clock, schedule.id, given)
    note = Note(person.name, "schedule.made", schedule.id, words=f"{name}: {table.words}")
    try:
        return records.add_schedule(schedule, inputs, note, MOST_OF_ONE)
    except Conflict:
        _forget(clock, [each.key for each in inputs.values()])
        raise


def change_schedule(
    clock: Clockwork,
    person: Person,
    schedule: Schedule,
    changes: Mapping[str, Any],
    given: Given | None = None,
) -> Schedule:
    """Change what is said about a schedule, its file with ``given``.

    ``changes`` may hold ``name``, ``when`` (a WhenWanted) and fields of wishes and rules. What is due next is counted
    from now where the timetable changes.

    Raises:
        Refused: in words.
    """
    now = clock.records.now()
    table = schedule.timetable
    if "when" in changes:
        table = preview(changes["when"], now)[0]
    wishes = replace(schedule.wishes, **{key: changes[key] for key in _fields(Wishes) if key in changes})
    if wishes.time_parameter is not None:
        check_name(wishes.time_parameter, "time_parameter")
    if "environment" in changes:
        wishes = replace(wishes, environment=_environment(clock.records, person, wishes.environment))
    rules = check_rules(
        replace(schedule.rules, **{key: changes[key] for key in _fields(Rules) if key in changes})
    )
    name = check_label("the name", changes["name"], "name") if "name" in changes else schedule.name
    snapshot, inputs, old = schedule.snapshot, None, []
    place = schedule.source
    if given is not None:
        snapshot, place = _snapshot(clock, given, wishes.file, now), given.place
    tried = replace(schedule, name=name, wishes=wishes, snapshot=snapshot, source=place, timetable=table)
    _check_pushed(tried)
    if given is not None or wishes != schedule.wishes:
        with _kept(clock, schedule) if given is None else nullcontext(given) as there:
            _try_out(clock, person, tried, there.source, there.files)
    if given is not None:
        old = [
            each.key for each in clock.records.schedule_inputs([schedule.id]).get(schedule.id, {}).values()
        ]
        inputs = _stored(clock, schedule.id, given)

    def changed(before: Schedule, at: float) -> Schedule:
        after = replace(before, name=name, wishes=wishes, rules=rules, snapshot=snapshot, source=place)
        if not isinstance(place, GitFile):
            after = replace(after, hook=None)
        if table != before.timetable:
            following = None if before.paused else table.after(at)
            after = replace(after, timetable=table, next_at=None if following is None else float(following))
        return after

    said = ", ".join([*sorted(changes), *(["file"] if given is not None else [])])
    note = Note(person.name, "schedule.changed", schedule.id, schedule.owner, f"{name}: {said}")
    after = clock.records.change_schedule(schedule.id, changed, note, inputs)
    if inputs is not None:
        _forget(clock, [key for key in old if key not in {each.key for each in inputs.values()}])
    return _there(after, schedule.id)


def pause(records: Records, person: Person, schedule: Schedule) -> Schedule:
    """Nothing is due any more until somebody resumes it; what runs goes on, what waits comes to nothing."""

    def paused(before: Schedule, at: float) -> Schedule:
        return before.pausing(at, person.name, f"Paused by {person.name}.")

    note = Note(person.name, "schedule.paused", schedule.id, schedule.owner, schedule.name)
    return _there(records.change_schedule(schedule.id, paused, note), schedule.id)


def resume(records: Records, person: Person, schedule: Schedule) -> Schedule:
    """Due again from now on: what came meanwhile was not missed."""

    def resumed(before: Schedule, at: float) -> Schedule:
        return before.resumed(at) if before.paused else before

    note = Note(person.name, "schedule.resumed", schedule.id, schedule.owner, schedule.name)
    return _there(records.change_schedule(schedule.id, resumed, note), schedule.id)


def run_now(clock: Clockwork, person: Person, schedule: Schedule) -> Tick:
    """A run besides the timetable, paused or not; where one goes on it waits for that one's end.

    Its owner's rights count, whoever asks.
    """
    note = Note(person.name, "schedule.run", schedule.id, schedule.owner, schedule.name)
    tick = clock.records.add_waiting(schedule.id, person.name, note)
    if tick is None:
        raise _gone(schedule.id)
    return launch_now(clock, schedule, tick)


def remove(clock: Clockwork, person: Person, schedule: Schedule) -> None:
    """Forget a schedule and its ticks. Its runs stay, one that goes on as well."""
    note = Note(person.name, "schedule.removed", schedule.id, schedule.owner, schedule.name)
    _forget(clock, clock.records.remove_schedule(schedule.id, note))


def check_sees(person: Person, schedule: Schedule | None, schedule_id: str) -> Schedule:
    """The schedule, if this person may see it: owners and admins do.

    Raises:
        NotFound: there is none, or it is another's: the two answers are the same on purpose.
    """
    if schedule is None or not (person.admin or schedule.owner == person.name):
        raise _gone(schedule_id)
    return schedule


@contextmanager
def given_by(records: Records, clock: Clockwork, run: Run) -> Iterator[Given]:
    """What a run was handed over with, to be scheduled.

    Raises:
        NotFound: it is not there any more.
    """
    there = inputs_there(records, clock.store, run.id)
    if SOURCE not in there:
        raise NotFound(f"the inputs of run {run.id} are not there any more", "Choose a file.")
    with ExitStack() as opened:
        source = opened.enter_context(open_input(records, clock.store, run.id, SOURCE)).read()
        files = None
        if run.files_count and FILES in there:
            packed = opened.enter_context(open_input(records, clock.store, run.id, FILES))
            size = packed.seek(0, io.SEEK_END)
            packed.seek(0)
            files = Files(packed, size)
        yield Given(source, files)


def _check_pushed(schedule: Schedule) -> None:
    if schedule.timetable.on_push and not isinstance(schedule.source, GitFile):
        raise Invalid(
            "only a file of a repository can run when commits are pushed",
            "Name it: --git, or say when: --cron.",
        )


def _fields(kind: type) -> tuple[str, ...]:
    return tuple(kind.__dataclass_fields__)  # type: ignore[attr-defined]


def _environment(records: Records, person: Person, wanted: str) -> str:
    """What is followed: as it was typed, or the default's channel where nothing was."""
    mine = runnable(records.versions(), person)
    if wanted:
        choose(mine, wanted)
        return wanted
    default = default_of(mine)
    if default is None:
        raise NotFound("no version is on offer", "Name one, or ask an admin.")
    return f"{default.environment}@stable" if "stable" in default.channels else default.environment


def _try_out(
    clock: Clockwork, person: Person, schedule: Schedule, source: bytes, files: Files | None
) -> None:
    """Make its next run as if it were due, so that what is wrong with it is said now."""
    theirs = person
    if schedule.owner != person.name:
        theirs = clock.policies.with_rights(clock.people.person(schedule.owner) or Person(schedule.owner))
    if schedule.of_pipeline:
        check_said(schedule.wishes)
        if schedule.source is not None and files is None:
            return  # its folder is not kept; what is wrong with it is said when it has been fetched
        check_scheduled(clock, theirs, schedule, source, files)
        return
    now = clock.records.now()
    standing = Standing(now, 0, None, clock.records.versions())
    at = schedule.timetable.after(now) or now
    compose(clock.settings, Asked(theirs, theirs, schedule.owner), schedule.submission(at), source, standing)


def _snapshot(clock: Clockwork, given: Given, file: str, now: float) -> Snapshot:
    check_source_size(given.source, clock.settings)
    count = packed = 0
    if given.files is not None:
        packed = given.files.packed_bytes
        count = check_archive(given.files.archive, packed, clock.settings.runs.max_files_bytes, beside=file)
    return Snapshot(hashlib.sha256(given.source).hexdigest(), len(given.source), count, packed, now)


def _stored(clock: Clockwork, schedule_id: str, given: Given) -> dict[str, StoredInput]:
    """The inputs as they are put on record; large ones are in the store then."""
    inputs: dict[str, IO[bytes]] = {SOURCE: io.BytesIO(given.source)}
    size = len(given.source)
    if given.files is not None and given.place is None:  # else all of it is fetched each time
        given.files.archive.seek(0)
        inputs[FILES] = given.files.archive
        size += given.files.packed_bytes
    if size <= SMALL_BYTES:
        return {name: StoredInput(file.read()) for name, file in inputs.items()}
    place = f"schedules/{schedule_id}/{new_id()}"
    keys = {name: f"{place}.{name}" for name in inputs}
    clock.store.put_all({keys[name]: file for name, file in inputs.items()})
    return {name: StoredInput(None, keys[name]) for name in inputs}


@contextmanager
def _kept(clock: Clockwork, schedule: Schedule) -> Iterator[Given]:
    """What the schedule has been given."""
    stored = clock.records.schedule_inputs([schedule.id])[schedule.id]
    with ExitStack() as opened:
        found = {
            name: io.BytesIO(each.content)
            if each.content is not None
            else opened.enter_context(clock.store.open(each.key or ""))
            for name, each in stored.items()
        }
        archive, files = found.get(FILES), None
        if archive is not None:
            files = Files(archive, archive.seek(0, io.SEEK_END))
            archive.seek(0)
        yield Given(found[SOURCE].read(), files)


def _forget(clock: Clockwork, keys: list[str] | list[str | None]) -> None:
    for key in keys:
        if key is not None:
            clock.store.remove(key)


def _there(schedule: Schedule | None, schedule_id: str) -> Schedule:
    if schedule is None:
        raise _gone(schedule_id)
    return schedule


def _gone(schedule_id: str) -> NotFound:
    return NotFound(f"there is no schedule '{schedule_id[:40]}'", "List yours: `nightdesk schedule list`.")
