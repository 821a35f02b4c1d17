"""The pages of sweeps: the list, one with its table and chart, and the form that counts before it sends."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.environment import runnable
from nightdesk.server.domain.errors import Invalid, NotFound, Refused
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.sweep import Goal, may_stop
from nightdesk.server.services.allowance import sizes_for
from nightdesk.server.services.sweeps import members_of
from nightdesk.server.web.api import run_again
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import ByForm, page
from nightdesk.server.web.paths import BASE
from nightdesk.server.web.sweep_form import KINDS, Typed
from nightdesk.server.web.sweep_order import Column, columns_of, in_order
from nightdesk.server.web.sweep_shapes import whole_sweep_json
from nightdesk.server.web.sweeps import listed, made_of, preview_of, seen_sweep, stopped

PAGES = f"{BASE}/sweeps"
WITH_FILES = (f"{PAGES}/new",)  # what is sent there may be large
_PAGE = 50
_FIELDS = 40  # of the form
Words = Annotated[str, Query(max_length=300)]
router = APIRouter(include_in_schema=False)


async def sent(request: Request) -> FormData:
    """All fields of the form."""
    return await request.form()


Sent = Annotated[FormData, Depends(sent)]


@router.get(PAGES)
def sweeps_page(
    request: Request, platform: Platform, person: SignedIn, owner: Words = "", before: Words = ""
) -> Response:
    whose = owner if person.sees_others and owner else "me"
    found = listed(platform, person, whose, _PAGE, before or None)
    return page(
        request,
        "sweeps.html",
        person,
        sweeps=found["sweeps"],
        older=found["next"],
        everybody=whose != "me",
        owner=whose,
    )


@router.get(f"{PAGES}/new")
def new_sweep_page(request: Request, platform: Platform, person: SignedIn) -> Response:
    return _form(request, platform, person, Typed())


@router.post(f"{PAGES}/new", form_limits={"max_fields": _FIELDS, "max_files": 2})
def make_by_form(request: Request, platform: Platform, person: ByForm, sent: Sent) -> Response:
    form = _with_table(Typed.of(sent), sent.get("table"))
    file = sent.get("source")
    preview: dict[str, Any] | None = None
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid("choose a notebook or script")
        wanted = form.request(file.filename)
        preview = preview_of(platform, person, wanted, file)  # type: ignore[arg-type]
        if preview["seed"] is not None:
            form = replace(form, seed=str(preview["seed"]))
        if form.do == "preview" or form.counted != str(preview["count"]):  # nobody was shown how many
            counted = replace(form, counted=str(preview["count"]))
            return _form(request, platform, person, counted, preview=preview)
        file.file.seek(0)
        made, _ = made_of(platform, person, wanted, file)  # type: ignore[arg-type]
    except Refused as error:
        return _form(request, platform, person, replace(form, counted=""), error)
    request.app.state.dispatcher.wake()
    return RedirectResponse(f"{PAGES}/{made.id}", status_code=303)


@router.get(f"{PAGES}/{{sweep_id}}")
def sweep_page(
    request: Request,
    platform: Platform,
    person: SignedIn,
    sweep_id: str,
    metric: Words = "",
    goal: Words = "",
    sort: Words = "",
) -> Response:
    sweep = seen_sweep(platform, person, sweep_id)
    wish = Goal(goal) if goal in set(Goal) else None
    found = members_of(platform.records, sweep)
    document = whole_sweep_json(sweep, found, platform.settings, metric or None, wish)
    columns = columns_of(document)
    members = in_order(document, columns, sort)
    chosen = {"metric": metric, "goal": goal}

    def address(column: Column) -> str:
        query = {**chosen, "sort": f"-{column.key}" if sort == column.key else column.key}
        return "?" + urlencode({name: value for name, value in query.items() if value})

    return page(
        request,
        "sweep.html",
        person,
        sweep=document,
        members=members,
        columns=columns,
        address=address,
        sort=sort,
        best=next((each for each in members if each["place"] == document["best"]), None),
        done=sum(1 for each in found if each.run.final),
        may_stop=may_stop(person, sweep),
    )


@router.post(f"{PAGES}/{{sweep_id}}/stop")
def stop_from_page(
    platform: Platform, person: ByForm, sweep_id: str, waiting_only: Annotated[bool, Form()] = False
) -> Response:
    stopped(platform, person, sweep_id, waiting_only)
    return RedirectResponse(f"{PAGES}/{sweep_id}", status_code=303)


@router.post(f"{PAGES}/{{sweep_id}}/again")
def again_from_page(
    request: Request,
    platform: Platform,
    person: ByForm,
    sweep_id: str,
    place: Annotated[int, Form(ge=1, le=100_000)],
) -> Response:
    """The same set of parameters again; of another's sweep it is a run of whoever asks, and not part of it."""
    sweep = seen_sweep(platform, person, sweep_id)
    found = next((each for each in members_of(platform.records, sweep) if each.place == place), None)
    if found is None:
        raise NotFound(f"the sweep has no set of parameters {place}")
    again = run_again(platform, person, found.run.id)
    request.app.state.dispatcher.wake()
    to = f"{PAGES}/{sweep_id}#m-{place}" if again.sweep_id else f"{BASE}/runs/{again.id}"
    return RedirectResponse(to, status_code=303)


def _with_table(form: Typed, table: object) -> Typed:
    """The form with the text of a table that was uploaded."""
    if form.kind != "csv" or not isinstance(table, UploadFile) or not table.filename:
        return form
    return replace(form, text=table.file.read(900_000).decode("utf-8-sig", "replace").replace("\r\n", "\n"))


def _form(
    request: Request,
    platform: WebPlatform,
    person: Person,
    form: Typed,
    wrong: Refused | None = None,
    preview: dict[str, Any] | None = None,
) -> Response:
    """The form as it was typed, with how many runs it makes once that is known."""
    return page(
        request,
        "sweep_form.html",
        person,
        status_code=status_of(wrong)
        if wrong and form.do != "preview"
        else 200,  # a look ahead may find fault
        form=form,
        wrong=wrong,
        preview=preview,
        kinds=KINDS,
        sizes=[size.name for size in sizes_for(person, platform.settings)],
        versions=runnable(platform.records.versions(), person),
    )
