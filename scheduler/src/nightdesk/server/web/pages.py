"""The pages: my runs, and one run live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.web.api import seen_run, shape
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.oauth import check_xsrf, xsrf_value
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.shapes import run_json
from nightdesk.server.web.templating import render

STATIC = Path(__file__).parent / "static"
router = APIRouter(include_in_schema=False)


def _page(request: Request, name: str, person: Person, **values: object) -> HTMLResponse:
    page = render(name, base=BASE, api=API, person=person, xsrf=xsrf_value(request), **values)
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


@router.get(BASE)
def without_slash() -> Response:
    return RedirectResponse(f"{BASE}/", status_code=308)


@router.get(f"{BASE}/")
def runs_page(
    request: Request, platform: Platform, person: SignedIn, owner: str = "me", status: str = ""
) -> Response:
    wanted = Status(status) if status in set(Status) else None
    everybody = owner == "all" and person.admin
    found = platform.records.runs(RunFilter(None if everybody else person.name, wanted, 200))
    runs = [run_json(run, [], platform.settings) for run in found]
    return _page(
        request,
        "runs.html",
        person,
        runs=runs,
        everybody=everybody,
        status=status,
        statuses=[status.value for status in Status],
    )


@router.get(f"{BASE}/runs/{{run_id}}")
def run_page(request: Request, platform: Platform, person: SignedIn, run_id: str) -> Response:
    run = seen_run(platform, person, run_id)
    return _page(request, "run.html", person, run=shape(platform, run), final=run.final)


@router.post(f"{BASE}/runs/{{run_id}}/cancel")
def cancel_from_page(
    request: Request, platform: Platform, run_id: str, xsrf: Annotated[str, Form(alias="_xsrf")] = ""
) -> Response:
    check_xsrf(request, xsrf)
    person = _by_cookie(request, platform)
    seen_run(platform, person, run_id)
    platform.records.request_cancel(run_id, person.name)
    platform.bell.changed(run_id)
    return RedirectResponse(f"{BASE}/runs/{run_id}", status_code=303)


def _by_cookie(request: Request, platform: Platform) -> Person:
    from nightdesk.server.domain.errors import SignInNeeded
    from nightdesk.server.web.oauth import session_token

    token = session_token(request)
    person = platform.people.of_token(token) if token else None
    if person is None:
        raise SignInNeeded("nobody is signed in", "Reload the page.")
    return person
