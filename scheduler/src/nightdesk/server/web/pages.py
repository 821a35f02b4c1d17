"""The pages: my runs, and one run live."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from nightdesk.server.domain.environment import runnable
from nightdesk.server.domain.errors import NotFound
from nightdesk.server.domain.person import may_cancel, may_see
from nightdesk.server.domain.run import Status, is_id
from nightdesk.server.services.cells import cells_of
from nightdesk.server.services.failure import failure_of
from nightdesk.server.services.logs import log_tail
from nightdesk.server.services.sharing import visible_run
from nightdesk.server.web.api import cancelled, run_again, seen_run, shape, shapes
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.forker import forker
from nightdesk.server.web.listing import following
from nightdesk.server.web.metrics import metrics_json
from nightdesk.server.web.page import ByForm, page
from nightdesk.server.web.paths import BASE
from nightdesk.server.web.search import read
from nightdesk.server.web.story import history_json
from nightdesk.server.web.usage import usage_page

STATIC = Path(__file__).parent / "static"
_PAGE = 50
_TAIL_LINES = 100  # of the log, for who reads without scripts
router = APIRouter(include_in_schema=False)


@router.get(BASE)
def without_slash() -> Response:
    return RedirectResponse(f"{BASE}/", status_code=308)


@router.get(f"{BASE}/")
def runs_page(request: Request, platform: Platform, person: SignedIn) -> Response:
    search = read(person, request.query_params)
    if is_id(search.fields["name"]):  # an id pasted into the search
        with contextlib.suppress(NotFound):
            named = visible_run(platform.records, person, search.fields["name"])
            return RedirectResponse(f"{BASE}/runs/{named.id}", status_code=303)
    if search.shared:
        found = platform.records.shared_runs(person.name, person.groups, _PAGE)
    else:
        found = platform.records.runs(replace(search.wanted, limit=_PAGE + 1))
    return page(
        request,
        "runs.html",
        person,
        runs=shapes(platform, found[:_PAGE], outputs=False),
        live=any(not run.final for run in found),
        older=following(found, _PAGE),
        search=search,
        alerts=platform.records.alerts(person.name, 1),
        statuses=[status.value for status in Status],
        versions=runnable(platform.records.versions(), person),
    )


@router.get(f"{BASE}/runs/{{run_id}}")
def run_page(request: Request, platform: Platform, person: SignedIn, run_id: str) -> Response:
    run = seen_run(platform, person, run_id)
    forker.expect()
    may_keep = person.admin or run.owner == person.name
    cells, count = cells_of(platform.records, platform.store, run)
    return page(
        request,
        "run.html",
        person,
        run=shape(platform, run),
        limits=run,
        may_cancel=may_cancel(person, run),
        final=run.final,
        mine=may_see(person, run),
        shares=platform.records.shares(run.id) if may_keep else None,
        cells=cells,
        cells_count=count,
        may_keep=may_keep,
        failure=failure_of(platform.records, platform.store, run),
        tail=log_tail(platform.records, platform.store, run, _TAIL_LINES),
        **history_json(platform.records.history(run.id)),
        metrics=metrics_json(platform, run),
        **usage_page(platform, run),
    )


@router.post(f"{BASE}/runs/{{run_id}}/cancel")
def cancel_from_page(platform: Platform, person: ByForm, run_id: str) -> Response:
    cancelled(platform, person, run_id)
    return RedirectResponse(f"{BASE}/runs/{run_id}", status_code=303)


@router.post(f"{BASE}/runs/{{run_id}}/retry")
def retry_from_page(
    request: Request, platform: Platform, person: ByForm, run_id: str, exact: Annotated[bool, Form()] = False
) -> Response:
    again = run_again(platform, person, run_id, exact)
    request.app.state.dispatcher.wake()
    return RedirectResponse(f"{BASE}/runs/{again.id}", status_code=303)
