"""The pages of schedules: the list, one with its history, and the form with its next times shown as one types."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.environment import runnable
from nightdesk.server.domain.errors import Refused
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.schedule import Missed, Overlap, Schedule
from nightdesk.server.services.allowance import sizes_for
from nightdesk.server.services.schedules import (
    change_schedule,
    pause,
    preview,
    remove,
    resume,
    run_now,
)
from nightdesk.server.web.api import seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import ByForm, page
from nightdesk.server.web.paths import BASE
from nightdesk.server.web.schedule_chart import chart_of
from nightdesk.server.web.schedule_form import Typed
from nightdesk.server.web.schedule_shapes import (
    RECORD_DAYS,
    next_ticks,
    schedule_json,
    tick_json,
    whole_schedule_json,
)
from nightdesk.server.web.schedules import (
    begin,
    changes_in,
    clock_of,
    given_by_form,
    listed,
    make,
    seen,
    uploaded,
)

PAGES = f"{BASE}/schedules"
WITH_FILES = (f"{PAGES}/new", f"{PAGES}/edit")  # what is sent there may be large
_PAGE = 100
_FIELDS = 40  # of the form
_CHARTED = 60
Words = Annotated[str, Query(max_length=300)]
router = APIRouter(include_in_schema=False)


class Change(StrEnum):
    """What the buttons on a schedule's page do."""

    PAUSE = "pause"
    RESUME = "resume"
    RUN = "run"
    REMOVE = "remove"


async def sent(request: Request) -> FormData:
    """All fields of the form."""
    return await request.form()


Sent = Annotated[FormData, Depends(sent)]


@router.get(PAGES)
def schedules_page(
    request: Request, platform: Platform, person: SignedIn, owner: Words = "", before: Words = ""
) -> Response:
    whose = owner if person.admin and owner else "me"
    found, older = listed(platform, person, whose, None, _PAGE, before or None)
    return page(
        request,
        "schedules.html",
        person,
        schedules=[schedule_json(each, platform.settings) for each in found],
        everybody=whose != "me",
        owner=whose,
        older=older,
        alerts=platform.records.alerts(person.name),
    )


@router.post(f"{PAGES}/alerts/seen")
def put_alerts_away(platform: Platform, person: ByForm) -> Response:
    platform.records.put_alerts_away(person.name)
    return RedirectResponse(PAGES, status_code=303)


@router.get(f"{PAGES}/new")
def new_schedule_page(request: Request, platform: Platform, person: SignedIn, run: Words = "") -> Response:
    form = Typed(run=run)
    if run:
        known = seen_run(platform, person, run)
        form = Typed(run=run, file=known.file, name=known.name, size=known.size)
    return _form(request, platform, person, form)


@router.post(f"{PAGES}/new", form_limits={"max_fields": _FIELDS, "max_files": 1})
def make_from_page(request: Request, platform: Platform, person: ByForm, sent: Sent) -> Response:
    form = Typed.of(sent)
    file = sent.get("source")
    source = None
    if isinstance(file, UploadFile) and file.filename and form.source_kind in {"", "file"}:
        source = file
    if form.do == "preview":
        return _form(request, platform, person, form)
    try:
        name = source.filename if source is not None else None
        made = make(platform, person, form.request(name), source, None)  # type: ignore[arg-type]
    except Refused as error:
        return _form(request, platform, person, form, error)
    return RedirectResponse(f"{PAGES}/{made.id}", status_code=303)


@router.get(f"{PAGES}/{{schedule_id}}")
def schedule_page(request: Request, platform: Platform, person: SignedIn, schedule_id: str) -> Response:
    return _one(request, platform, person, seen(platform, person, schedule_id))


@router.get(f"{PAGES}/{{schedule_id}}/edit")
def edit_page(request: Request, platform: Platform, person: SignedIn, schedule_id: str) -> Response:
    schedule = seen(platform, person, schedule_id)
    return _form(request, platform, person, Typed.from_schedule(schedule), schedule=schedule)


@router.post(f"{PAGES}/edit", form_limits={"max_fields": _FIELDS, "max_files": 1})
def change_by_form(request: Request, platform: Platform, person: ByForm, sent: Sent) -> Response:
    schedule = seen(platform, person, str(sent.get("id", "")))
    form = Typed.of(sent)
    file = sent.get("source")
    if form.do == "preview":
        return _form(request, platform, person, form, schedule=schedule)
    try:
        changes: dict[str, Any] = changes_in(schedule, form.changes(schedule))
        given = None
        place = form.place(schedule)
        if place is not None:
            with given_by_form(platform, person, place, None, None) as (name, came):
                change_schedule(clock_of(platform), person, schedule, {**changes, "file": name}, came)
        else:
            if isinstance(file, UploadFile) and file.filename and form.source_kind in {"", "file"}:
                changes["file"] = file.filename
                given = uploaded(platform, file, None)  # type: ignore[arg-type]
            change_schedule(clock_of(platform), person, schedule, changes, given)
    except Refused as error:
        return _form(request, platform, person, form, error, schedule)
    return RedirectResponse(f"{PAGES}/{schedule.id}", status_code=303)


@router.post(f"{PAGES}/{{schedule_id}}/{{change}}")
def change_from_page(
    request: Request, platform: Platform, person: ByForm, schedule_id: str, change: Change
) -> Response:
    schedule = seen(platform, person, schedule_id)
    try:
        if change is Change.PAUSE:
            pause(platform.records, person, schedule)
        elif change is Change.RESUME:
            resume(platform.records, person, schedule)
        elif change is Change.RUN:
            tick = run_now(clock_of(platform), person, schedule)
            begin(request, platform, tick)
        else:
            remove(clock_of(platform), person, schedule)
            return RedirectResponse(PAGES, status_code=303)
    except Refused as error:
        return _one(request, platform, person, schedule, error)
    return RedirectResponse(f"{PAGES}/{schedule_id}", status_code=303)


def _one(
    request: Request,
    platform: WebPlatform,
    person: Person,
    schedule: Schedule,
    wrong: Refused | None = None,
) -> Response:
    records = platform.records
    now = records.now()
    ticks = records.ticks(schedule.id, _PAGE)
    record = records.record_of(schedule.id, now - RECORD_DAYS * 86400)
    return page(
        request,
        "schedule.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        schedule=whole_schedule_json(schedule, record, now, platform.settings),
        ticks=[tick_json(tick, platform.settings) for tick in ticks],
        chart=chart_of(ticks[:_CHARTED], schedule.timetable.zone),
        wrong=wrong,
    )


def _form(
    request: Request,
    platform: WebPlatform,
    person: Person,
    form: Typed,
    wrong: Refused | None = None,
    schedule: Schedule | None = None,
) -> Response:
    """The form as it was typed, with the next times where what is typed is a timetable."""
    ahead: list[dict[str, Any]] = []
    if form.when is not None:
        try:
            now = platform.records.now()
            ahead = next_ticks(preview(form.when, now)[0], now)
        except Refused as error:
            wrong = wrong or error
    return page(
        request,
        "schedule_form.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        form=form,
        wrong=wrong,
        ahead=ahead,
        schedule=schedule,
        missed=[each.value for each in Missed],
        overlaps=[each.value for each in Overlap],
        sizes=[size.name for size in sizes_for(person, platform.settings)],
        versions=runnable(platform.records.versions(), person),
    )
