"""The pages of pipelines: the list, and one with the picture of its graph, live."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NotFound, Refused
from nightdesk.server.domain.person import Person, may_cancel
from nightdesk.server.domain.pipeline import Pipeline, PipelineStatus
from nightdesk.server.ports.pipelines import PipelineFilter
from nightdesk.server.ports.records import Audience
from nightdesk.server.services.inputs import open_input
from nightdesk.server.services.pipelines import TEXT
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.listing import cursor, following, whose
from nightdesk.server.web.page import ByForm, page
from nightdesk.server.web.paths import BASE
from nightdesk.server.web.pipeline_picture import picture_of, seconds_of
from nightdesk.server.web.pipelines import cancelled, resumed, seen, shape, shapes

PAGES = f"{BASE}/pipelines"
_PAGE = 50
_SHOWN_TEXT = 100_000
Words = Annotated[str, Query(max_length=300)]
router = APIRouter(include_in_schema=False)


class Change(StrEnum):
    """What the buttons on a pipeline's page do."""

    CANCEL = "cancel"
    RESUME = "resume"


@router.get(PAGES)
def pipelines_page(
    request: Request,
    platform: Platform,
    person: SignedIn,
    owner: Words = "",
    status: Words = "",
    name: Words = "",
    before: Words = "",
) -> Response:
    wanted = PipelineFilter(
        owner=whose(person, owner or "me"),
        status=PipelineStatus(status) if status in set(PipelineStatus) else None,
        name=name.strip() or None,
        limit=_PAGE + 1,
        before=cursor(before or None),
        seen_by=None if person.rights.reads.all else Audience(person.name, person.rights.reads.groups),
    )
    found = platform.records.pipelines(wanted)
    return page(
        request,
        "pipelines.html",
        person,
        pipelines=shapes(platform, found[:_PAGE]),
        live=any(not each.status.final for each in found),
        older=following(found, _PAGE),
        owner=owner or "me",
        status=status,
        named=name.strip(),
        statuses=[each.value for each in PipelineStatus],
    )


@router.get(f"{PAGES}/{{pipeline_id}}")
def pipeline_page(request: Request, platform: Platform, person: SignedIn, pipeline_id: str) -> Response:
    return _one(request, platform, person, seen(platform, person, pipeline_id))


@router.post(f"{PAGES}/{{pipeline_id}}/{{change}}")
def change_pipeline_from_page(
    request: Request, platform: Platform, person: ByForm, pipeline_id: str, change: Change
) -> Response:
    try:
        if change is Change.CANCEL:
            cancelled(request, platform, person, pipeline_id)
        else:
            resumed(request, platform, person, pipeline_id)
    except NotFound:
        raise
    except Refused as error:
        return _one(request, platform, person, seen(platform, person, pipeline_id), error)
    return RedirectResponse(f"{PAGES}/{pipeline_id}", status_code=303)


def _one(
    request: Request,
    platform: WebPlatform,
    person: Person,
    pipeline: Pipeline,
    wrong: Refused | None = None,
) -> Response:
    document = shape(platform, pipeline.id)
    layers = [[step.name for step in layer] for layer in pipeline.graph.layers()]
    return page(
        request,
        "pipeline.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        pipeline=document,
        picture=picture_of(document, layers, BASE),
        seconds_of=seconds_of,
        may_cancel=may_cancel(person, pipeline),
        may_resume=person.admin or person.name == pipeline.owner,
        ending=pipeline.cancel_requested_at is not None and not pipeline.status.final,
        text=_text(platform, pipeline),
        wrong=wrong,
    )


def _text(platform: WebPlatform, pipeline: Pipeline) -> str:
    """The pipeline.yaml as it was sent."""
    try:
        with open_input(platform.records, platform.store, pipeline.id, TEXT) as file:
            return file.read(_SHOWN_TEXT).decode("utf-8", "replace")
    except NotFound:
        return ""
