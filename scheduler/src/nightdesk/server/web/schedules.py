"""The REST routes of schedules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Invalid, NotAllowed, Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.repository import HomeFile, Place, check_home_file
from nightdesk.server.domain.run import Priority
from nightdesk.server.domain.schedule import PIPELINES, Missed, Overlap, Rules, Schedule, Tick, Wishes
from nightdesk.server.domain.submission import kind_of
from nightdesk.server.ports.schedules import ScheduleFilter
from nightdesk.server.services.fetching import along, fetched
from nightdesk.server.services.pipelining import carry_on
from nightdesk.server.services.schedules import (
    Given,
    NewSchedule,
    WhenWanted,
    change_schedule,
    check_sees,
    given_by,
    make_schedule,
    pause,
    preview,
    remove,
    resume,
    run_now,
)
from nightdesk.server.services.sharing import check_more_than_shown
from nightdesk.server.services.submit import Files
from nightdesk.server.services.ticking import Clockwork
from nightdesk.server.web.api import seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.from_git import Repository
from nightdesk.server.web.part import read_part
from nightdesk.server.web.paths import API
from nightdesk.server.web.schedule_shapes import (
    RECORD_DAYS,
    next_ticks,
    schedule_json,
    tick_json,
    whole_schedule_json,
)

router = APIRouter(prefix=f"{API}/schedules", tags=["schedules"])
Kind = TypeVar("Kind", Wishes, Rules)
_WHEN = ("cron", "every_seconds", "zone", "on_push")


class When(BaseModel):
    """A timetable: a cron line, or an interval in seconds; with the time zone whose wall clocks the line means."""

    model_config = ConfigDict(extra="forbid")

    cron: str | None = Field(default=None, max_length=1000)
    every_seconds: float | None = None
    zone: str = Field(default="UTC", max_length=100)
    on_push: bool = Field(default=False, description="in the place of both: when commits are pushed")


class HomeFileRequest(BaseModel):
    """A file of one's own home, which is read each time as it is then."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(max_length=1000)
    folder: str | None = Field(
        default=None, max_length=1000, description="what comes along; left out: nothing"
    )

    def wanted(self) -> HomeFile:
        """As it is checked."""
        return check_home_file(HomeFile(self.path, self.folder))


class Fetched(BaseModel):
    """Where a file is fetched each time, in the place of one that is sent along: at most one of them."""

    model_config = ConfigDict(extra="forbid")

    git: Repository | None = None
    home: HomeFileRequest | None = None

    def place(self) -> Place | None:
        """The one that is named."""
        if self.git is not None and self.home is not None:
            raise Invalid("a file is either in a repository or in a home", "Name one of them.")
        if self.git is not None:
            return self.git.wanted()
        return None if self.home is None else self.home.wanted()


class HowToRun(When):
    """What runs are submitted with, and the rules for ticks."""

    name: str | None = None
    environment: str | None = None
    size: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    parameters_are_text: bool = False
    time_parameter: str | None = None
    priority: Priority = Priority.NORMAL
    timeout_seconds: float | None = None
    cell_timeout_seconds: float | None = None
    retries: int = 0
    retry_wait_seconds: float | None = None
    notify: str | None = Field(default=None, description="never, failure or always; null: as its owner said")
    missed: Missed = Missed.ONCE
    catch_up: int = 10
    overlap: Overlap = Overlap.SKIP
    pause_after: int = 5
    alert: bool = True


class ScheduleRequest(HowToRun, Fetched):
    """The part ``request`` of a new schedule: ``file`` names the file sent along, or ``run`` a run whose file it is.

    With ``git`` or ``home`` nothing is sent along: it is fetched each time.
    """

    file: str | None = None
    run: str | None = None


class SourceRequest(Fetched):
    """The part ``request`` of a new file: its name, or where it is fetched each time."""

    file: str | None = None


@router.post("", status_code=201)
def add_schedule(
    platform: Platform,
    person: SignedIn,
    request: Annotated[str, Form(description="what to run and when, as JSON")],
    source: Annotated[UploadFile | None, File(description="the notebook or script")] = None,
    files: Annotated[UploadFile | None, File(description="a gzip tar of the files to take along")] = None,
) -> dict[str, Any]:
    """Run a notebook or script by a timetable, as whoever asks. A copy of the file is kept."""
    wanted = read_part(ScheduleRequest, request)
    made = make(platform, person, wanted, source, files)
    return whole(platform, made)


@router.post("/preview")
def preview_schedule(platform: Platform, person: SignedIn, wanted: When) -> dict[str, Any]:  # noqa: ARG001
    """When a timetable would be due next: five times."""
    now = platform.records.now()
    table, _ = preview(WhenWanted(wanted.cron, wanted.every_seconds, wanted.zone, wanted.on_push), now)
    return {"when": table.words, "zone": table.zone, "ticks": next_ticks(table, now)}


@router.get("")
def list_schedules(
    platform: Platform,
    person: SignedIn,
    owner: Annotated[str, Query(max_length=255, description="me, all or a name (admins)")] = "me",
    name: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[str | None, Query(description="`next` of an earlier answer")] = None,
) -> dict[str, Any]:
    """Schedules by name."""
    found, following = listed(platform, person, owner, name or None, limit, before)
    return {"schedules": [schedule_json(each, platform.settings) for each in found], "next": following}


@router.get("/{schedule_id}")
def show_schedule(platform: Platform, person: SignedIn, schedule_id: str) -> dict[str, Any]:
    """One schedule, with its next five ticks and how it has done."""
    return whole(platform, seen(platform, person, schedule_id))


@router.patch("/{schedule_id}")
def set_schedule(platform: Platform, person: SignedIn, schedule_id: str, wanted: HowToRun) -> dict[str, Any]:
    """Change what is named. Where the timetable changes, what is due next is counted from now."""
    schedule = seen(platform, person, schedule_id)
    made = change_schedule(clock_of(platform), person, schedule, changes_in(schedule, wanted))
    return whole(platform, made)


@router.put("/{schedule_id}/source")
def set_source(
    platform: Platform,
    person: SignedIn,
    schedule_id: str,
    request: Annotated[str, Form(description="its name, as JSON")],
    source: Annotated[UploadFile | None, File(description="the notebook or script")] = None,
    files: Annotated[UploadFile | None, File(description="a gzip tar of the files to take along")] = None,
) -> dict[str, Any]:
    """Give a schedule another file, with or without others along. Runs that there are keep theirs."""
    schedule = seen(platform, person, schedule_id)
    wanted = read_part(SourceRequest, request)
    with given_by_form(platform, person, wanted, source, files) as (file, given):
        made = change_schedule(clock_of(platform), person, schedule, {"file": file}, given)
    return whole(platform, made)


@router.delete("/{schedule_id}")
def remove_schedule(platform: Platform, person: SignedIn, schedule_id: str) -> dict[str, Any]:
    """Forget a schedule and its ticks; its runs stay."""
    schedule = seen(platform, person, schedule_id)
    remove(clock_of(platform), person, schedule)
    return {"removed": schedule.id}


@router.post("/{schedule_id}/pause")
def pause_schedule(platform: Platform, person: SignedIn, schedule_id: str) -> dict[str, Any]:
    """Nothing is due any more until it is resumed."""
    return whole(platform, pause(platform.records, person, seen(platform, person, schedule_id)))


@router.post("/{schedule_id}/resume")
def resume_schedule(platform: Platform, person: SignedIn, schedule_id: str) -> dict[str, Any]:
    """Due again from now on."""
    return whole(platform, resume(platform.records, person, seen(platform, person, schedule_id)))


@router.post("/{schedule_id}/run", status_code=201)
def run_schedule(http: Request, platform: Platform, person: SignedIn, schedule_id: str) -> dict[str, Any]:
    """A run besides the timetable, with its owner's rights; where one goes on, after its end."""
    tick = run_now(clock_of(platform), person, seen(platform, person, schedule_id))
    begin(http, platform, tick)
    return tick_json(tick, platform.settings)


@router.get("/{schedule_id}/ticks")
def list_ticks(
    platform: Platform,
    person: SignedIn,
    schedule_id: str,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[
        float | None, Query(allow_inf_nan=False, description="`next` of an earlier answer")
    ] = None,
) -> dict[str, Any]:
    """When it was due and what became of it, newest first."""
    schedule = seen(platform, person, schedule_id)
    found = platform.records.ticks(schedule.id, limit + 1, before)
    following = found[limit - 1].at if len(found) > limit else None
    return {"ticks": [tick_json(tick, platform.settings) for tick in found[:limit]], "next": following}


def begin(http: Request, platform: WebPlatform, tick: Tick) -> None:
    """What a tick has made starts now; where that cannot be, a worker's sweep sees to it."""
    if tick.pipeline_id is not None:
        with suppress(Unavailable):
            carry_on(clock_of(platform), tick.pipeline_id)
    if tick.run_id is not None or tick.pipeline_id is not None:
        http.app.state.dispatcher.wake()


def clock_of(platform: WebPlatform) -> Clockwork:
    """What services of schedules work with."""
    return Clockwork(platform.records, platform.store, platform.settings, platform.policies, platform.people)


def seen(platform: WebPlatform, person: Person, schedule_id: str) -> Schedule:
    """The schedule if this person may see it, else 404."""
    return check_sees(person, platform.records.schedule(schedule_id), schedule_id)


def make(
    platform: WebPlatform,
    person: Person,
    wanted: ScheduleRequest,
    source: UploadFile | None,
    files: UploadFile | None,
) -> Schedule:
    """A schedule of an uploaded file, or of what a run was handed over with.

    Raises:
        Refused: in words.
    """
    clock = clock_of(platform)
    with given_by_form(platform, person, wanted, source, files) as (file, given):
        new = NewSchedule(
            WhenWanted(wanted.cron, wanted.every_seconds, wanted.zone, wanted.on_push),
            Wishes(
                file=file,
                environment=wanted.environment or "",
                **_of(Wishes, wanted.model_dump(exclude={"file", "environment"})),
            ),
            Rules(**_of(Rules, wanted.model_dump())),
            wanted.name,
        )
        return make_schedule(clock, person, new, given)


def changes_in(schedule: Schedule, wanted: HowToRun) -> dict[str, Any]:
    """What of the request was named."""
    changes = wanted.model_dump(exclude_unset=True)
    when = {key: changes.pop(key) for key in _WHEN if key in changes}
    if when:
        table = schedule.timetable
        if not when.keys() - {"zone"}:  # the zone alone
            when |= {"cron": table.cron, "every_seconds": table.every, "on_push": table.on_push}
        changes["when"] = WhenWanted(
            when.get("cron"),
            when.get("every_seconds"),
            when.get("zone") or table.zone,
            when.get("on_push", False),
        )
    if "environment" in changes:
        changes["environment"] = changes["environment"] or ""
    if changes.get("name", "") is None:
        raise Invalid("a schedule has a name", "Leave 'name' out to keep it.", field="name")
    return changes


def listed(
    platform: WebPlatform, person: Person, owner: str, name: str | None, limit: int, before: str | None
) -> tuple[list[Schedule], str | None]:
    """A page of schedules by name, and where the next one begins."""
    whose: str | None = person.name if owner in {"me", ""} else owner
    if owner == "all":
        whose = None if person.admin else person.name
    if whose != person.name and not person.admin:
        raise NotAllowed("only admins see others' schedules")
    after = None
    if before:
        last, _, last_name = before.partition(" ")
        after = (last_name, last)
    found = platform.records.schedules(ScheduleFilter(whose, name, limit + 1, after))
    following = f"{found[limit - 1].id} {found[limit - 1].name}" if len(found) > limit else None
    return found[:limit], following


def uploaded(platform: WebPlatform, source: UploadFile, files: UploadFile | None) -> Given:
    """What was sent."""
    raw = source.file.read(platform.settings.runs.max_source_bytes + 1)
    return Given(raw, None if files is None or not files.filename else Files(files.file, files.size or 0))


@contextmanager
def given_by_form(
    platform: WebPlatform,
    person: Person,
    wanted: ScheduleRequest | SourceRequest,
    source: UploadFile | None,
    files: UploadFile | None,
) -> Iterator[tuple[str, Given]]:
    """What is to run, and what it is called: what was sent, what a run had, or what is fetched now.

    Raises:
        Refused: in words.
    """
    sent = source is not None and bool(source.filename or source.size)
    of_run = wanted.run if isinstance(wanted, ScheduleRequest) else None
    place = wanted.place()
    if [sent, of_run is not None, place is not None].count(True) != 1:
        raise Invalid(
            "a schedule has a file, a run whose file it takes, or a place where it is fetched",
            "Send one of them.",
        )
    if place is not None:
        if not place.file.lower().endswith(PIPELINES):
            kind_of(place.file)
        with fetched(platform.desk, platform.store, person, place) as (came, found):
            yield place.file, Given(came.source, along(came), found)
        return
    if of_run is not None:
        run = seen_run(platform, person, of_run)
        check_more_than_shown(person, run)
        with given_by(platform.records, clock_of(platform), run) as given:
            yield wanted.file or run.file, given
        return
    if source is not None:
        yield wanted.file or source.filename or "", uploaded(platform, source, files)


def _of(kind: type[Kind], values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key in kind.__dataclass_fields__}


def whole(platform: WebPlatform, schedule: Schedule) -> dict[str, Any]:
    """One schedule, with its next ticks and how it has done."""
    now = platform.records.now()
    record = platform.records.record_of(schedule.id, now - RECORD_DAYS * 86400)
    return whole_schedule_json(schedule, record, now, platform.settings)
