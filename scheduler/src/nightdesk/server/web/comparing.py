"""Runs side by side: over REST, as a page, and two notebooks in a frame that runs nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Conflict, Invalid, NightdeskError
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run
from nightdesk.server.services.comparing import MOST, Compared, Difference, compare
from nightdesk.server.services.notebook_diff import compare_notebooks, page_of_comparison
from nightdesk.server.services.submit import output_key
from nightdesk.server.web.api import seen_run, shapes
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.outputs import framed, outputs_of
from nightdesk.server.web.page import page
from nightdesk.server.web.paths import API, BASE

_NOTEBOOK_BYTES = 20 * 2**20  # of each that is compared
router = APIRouter(prefix=API, tags=["runs"])
pages = APIRouter(include_in_schema=False)
Ids = Annotated[list[str], Query(alias="run", description="two ids or more: again, or with commas")]


@router.get("/compare")
def compare_runs(request: Request, platform: Platform, person: SignedIn, run: Ids) -> dict[str, Any]:
    """Two runs or more side by side: parameters, metrics, packages and outputs; of the first two the notebooks as well."""
    runs = _chosen(platform, person, run)
    compared = compare(platform.records, runs)
    return {
        "runs": shapes(platform, runs),
        **{name: [_shape(each) for each in getattr(compared, name)] for name in Compared.__slots__},
        "notebook": _notebook_changes(request, platform, runs),
    }


@router.get("/compare/notebooks", response_class=StreamingResponse)
def compared_notebooks(request: Request, platform: Platform, person: SignedIn, run: Ids) -> Response:
    """The notebooks of two runs side by side, as a page that can do nothing."""
    runs = _chosen(platform, person, run)[:2]
    titles = [f"{each.name} ({each.id})" for each in runs]
    before, after = _notebooks(platform, runs)
    made: bytes = request.app.state.previewer.do(
        page_of_comparison, before, after, titles, what="the notebooks", hint="Download them."
    )
    return framed(made)


@pages.get(f"{BASE}/compare")
def compare_page(
    request: Request, platform: Platform, person: SignedIn, run: Annotated[list[str] | None, Query()] = None
) -> Response:
    runs: list[Run] = []
    wrong: Invalid | None = None
    typed = [each.strip() for one in run or [] for each in one.split(",") if each.strip()]
    if len(typed) > 1:
        try:
            runs = _chosen(platform, person, typed)
        except Invalid as error:
            wrong = error
    both = runs[:2]
    return page(
        request,
        "compare_runs.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        typed=typed,
        runs=shapes(platform, runs, outputs=False),
        compared=compare(platform.records, runs) if runs else None,
        notebooks=len(both) == 2 and all(each.kind == "notebook" and each.final for each in both),
        wrong=wrong,
    )


def _chosen(platform: WebPlatform, person: Person, ids: list[str]) -> list[Run]:
    """The runs that are named.

    Raises:
        Invalid: fewer than two, or too many.
        NotFound: one of them is none, or not theirs to see.
    """
    named = list(dict.fromkeys(each.strip() for one in ids for each in one.split(",") if each.strip()))
    if not 2 <= len(named) <= MOST:
        raise Invalid(f"name two different runs, or up to {MOST}", "Such as ?run=ID&run=ID.")
    return [seen_run(platform, person, each) for each in named]


def _notebooks(platform: WebPlatform, runs: list[Run]) -> list[bytes]:
    """What two runs left of their notebooks.

    Raises:
        Conflict: one of them left none, or it is too large to be compared.
    """
    found = []
    for run in runs:
        output = next((each for each in outputs_of(platform, run) if each.name == "notebook.ipynb"), None)
        if output is None:
            raise Conflict(f"run {run.id} has no notebook")
        if output.size > _NOTEBOOK_BYTES:
            size = human_bytes(output.size)
            raise Conflict(
                f"the notebook of run {run.id} has {size}, too much to be compared", "Download both."
            )
        with platform.store.open(output_key(run, output.name)) as file:
            found.append(file.read())
    return found


def _notebook_changes(request: Request, platform: WebPlatform, runs: list[Run]) -> dict[str, Any] | None:
    if any(run.kind != "notebook" for run in runs[:2]):
        return None
    try:
        before, after = _notebooks(platform, runs[:2])
        made = request.app.state.previewer.do(compare_notebooks, before, after, what="the notebooks")
        changes: dict[str, Any] = json.loads(made)
        return changes
    except NightdeskError as error:
        return {"trouble": error.message, "counts": {}, "cells": []}


def _shape(difference: Difference) -> dict[str, Any]:
    return {**asdict(difference), "values": list(difference.values), "same": difference.same}
