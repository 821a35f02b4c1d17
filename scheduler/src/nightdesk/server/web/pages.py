"""The pages: my runs, and one run live."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from nightdesk.server.domain.environment import runnable
from nightdesk.server.domain.person import Person, may_see
from nightdesk.server.domain.run import Status, is_id
from nightdesk.server.services.failure import failure_of
from nightdesk.server.services.logs import log_tail
from nightdesk.server.web.api import seen_run, shape, shapes
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.listing import following
from nightdesk.server.web.oauth import check_xsrf, xsrf_value
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.search import read
from nightdesk.server.web.story import history_json
from nightdesk.server.web.templating import render
from nightdesk.server.web.usage import usage_page

STATIC = Path(__file__).parent / "static"
_PAGE = 50
_TAIL_LINES = 100  # of the log, for who reads without scripts
router = APIRouter(include_in_schema=False)


def _page(request: Request, name: str, person: Person, **values: object) -> HTMLResponse:
    page = render(name, base=BASE, api=API, person=person, xsrf=xsrf_value(request), **values)
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


@router.get(BASE)
def without_slash() -> Response:
    return RedirectResponse(f"{BASE}/", status_code=308)


@router.get(f"{BASE}/")
def runs_page(request: Request, platform: Platform, person: SignedIn) -> Response:
    search = read(person, request.query_params)
    named = platform.records.run(search.fields["name"]) if is_id(search.fields["name"]) else None
    if named is not None and may_see(person, named):  # an id pasted into the search
        return RedirectResponse(f"{BASE}/runs/{named.id}", status_code=303)
    found = platform.records.runs(replace(search.wanted, limit=_PAGE + 1))
    return _page(
        request,
        "runs.html",
        person,
        runs=shapes(platform, found[:_PAGE], outputs=False),
        live=any(not run.final for run in found),
        older=following(found, _PAGE),
        search=search,
        statuses=[status.value for status in Status],
        versions=runnable(platform.records.versions(), person),
    )


@router.get(f"{BASE}/runs/{{run_id}}")
def run_page(request: Request, platform: Platform, person: SignedIn, run_id: str) -> Response:
    run = seen_run(platform, person, run_id)
    return _page(
        request,
        "run.html",
        person,
        run=shape(platform, run),
        limits=run,
        final=run.final,
        failure=failure_of(platform.records, platform.store, run),
        tail=log_tail(platform.records, platform.store, run, _TAIL_LINES),
        **history_json(platform.records.history(run.id)),
        **usage_page(platform, run),
    )


@router.post(f"{BASE}/runs/{{run_id}}/cancel")
def cancel_from_page(
    request: Request, platform: Platform, run_id: str, xsrf: Annotated[str, Form(alias="_xsrf")] = ""
) -> Response:
    check_xsrf(request, xsrf)
    person = _by_cookie(request, platform)
    seen_run(platform, person, run_id)
    platform.records.request_cancel(run_id, person.name)
    platform.bell.changed(run_id)
    platform.waiting.forget()
    return RedirectResponse(f"{BASE}/runs/{run_id}", status_code=303)


def _by_cookie(request: Request, platform: Platform) -> Person:
    from nightdesk.server.domain.errors import SignInNeeded
    from nightdesk.server.web.oauth import session_token

    token = session_token(request)
    person = platform.people.of_token(token) if token else None
    if person is None:
        raise SignInNeeded("nobody is signed in", "Reload the page.")
    return person
