"""The REST routes of pipelines: send, look, follow, cancel, resume."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NotFound, SignInNeeded, Unavailable
from nightdesk.server.domain.origin import git_of
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.pipeline import Pipeline, PipelineStatus
from nightdesk.server.domain.pipeline_file import LARGEST_BYTES
from nightdesk.server.ports.pipelines import PipelineFilter
from nightdesk.server.ports.records import Audience
from nightdesk.server.services.pipelines import (
    NewPipeline,
    cancel,
    check_sees,
    composed,
    make_pipeline,
    resume,
)
from nightdesk.server.services.pipelining import carry_on
from nightdesk.server.services.submit import Files
from nightdesk.server.web.api import GitRequest
from nightdesk.server.web.auth import Platform, SignedIn, Token
from nightdesk.server.web.listing import cursor, following, whose
from nightdesk.server.web.live import PING, STREAM_HEADERS, News, Onlooker, is_due, quiet
from nightdesk.server.web.part import read_part
from nightdesk.server.web.paths import API
from nightdesk.server.web.pipeline_shapes import checked_json, pipeline_json, whole_pipeline_json
from nightdesk.server.web.schedules import clock_of

router = APIRouter(prefix=f"{API}/pipelines", tags=["pipelines"])


class PipelineRequest(BaseModel):
    """The part ``request`` of a new pipeline. ``file`` is what its file is called, ``environment`` is that of steps that name
    none; ``skip_unchanged`` left out: as it says."""

    model_config = ConfigDict(extra="forbid")

    file: str = Field(default="pipeline.yaml", max_length=255)
    name: str | None = None
    environment: str | None = Field(default=None, max_length=200)
    parameters: dict[str, Any] = Field(default_factory=dict)
    parameters_are_text: bool = False
    skip_unchanged: bool | None = None
    key: str | None = None
    git: GitRequest | None = None


SourcePart = Annotated[UploadFile, File(description="pipeline.yaml")]
RequestPart = Annotated[str, Form(description="what to do with it, as JSON")]
FilesPart = Annotated[UploadFile, File(description="a gzip tar of the folder that it lies in")]


@router.post("", status_code=201)
def send_pipeline(
    http: Request,
    platform: Platform,
    person: SignedIn,
    source: SourcePart,
    request: RequestPart,
    files: FilesPart,
) -> Response:
    """Run a pipeline. 201 with the pipeline; 200 where the key was seen before."""
    clock = clock_of(platform)
    pipeline, new = make_pipeline(clock, person, _wanted(source, request, files))
    if new:
        go_on(http, platform, pipeline.id)
    return JSONResponse(shape(platform, pipeline.id), status_code=201 if new else 200)


@router.post("/check")
def check_pipeline(
    platform: Platform, person: SignedIn, source: SourcePart, request: RequestPart, files: FilesPart
) -> dict[str, Any]:
    """What a pipeline would run, in which order and versions; nothing is kept."""
    return checked_json(composed(clock_of(platform), person, _wanted(source, request, files))[0])


def asked_for(
    person: SignedIn,
    owner: Annotated[str, Query(description="a name, `me` or `all`")] = "me",
    status: PipelineStatus | None = None,
    name: Annotated[str | None, Query(max_length=200)] = None,
    schedule: Annotated[str | None, Query(max_length=40)] = None,
) -> PipelineFilter:
    """What a list is asked for, but for its length."""
    return PipelineFilter(
        owner=whose(person, owner),
        status=status,
        name=name or None,
        schedule_id=schedule or None,
        seen_by=None if person.rights.reads.all else Audience(person.name, person.rights.reads.groups),
    )


@router.get("")
def list_pipelines(
    platform: Platform,
    wanted: Annotated[PipelineFilter, Depends(asked_for)],
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[str | None, Query(description="`next` of an earlier answer")] = None,
) -> dict[str, Any]:
    """Pipelines, newest first; whose is as with runs."""
    found = platform.records.pipelines(replace(wanted, limit=limit + 1, before=cursor(before)))
    return {"pipelines": shapes(platform, found[:limit]), "next": following(found, limit)}


@router.get("/{pipeline_id}")
def show_pipeline(platform: Platform, person: SignedIn, pipeline_id: str) -> dict[str, Any]:
    """One pipeline with its steps and their runs."""
    return shape(platform, seen(platform, person, pipeline_id).id)


@router.post("/{pipeline_id}/cancel")
def cancel_pipeline(http: Request, platform: Platform, person: SignedIn, pipeline_id: str) -> dict[str, Any]:
    """Start no further step, and end those that go on. One that is over stays as it is."""
    return shape(platform, cancelled(http, platform, person, pipeline_id).id)


@router.post("/{pipeline_id}/resume")
def resume_pipeline(http: Request, platform: Platform, person: SignedIn, pipeline_id: str) -> dict[str, Any]:
    """Go on at the steps that have not succeeded, with everything before them kept."""
    return shape(platform, resumed(http, platform, person, pipeline_id).id)


@router.get("/{pipeline_id}/events", response_class=StreamingResponse)
def pipeline_events(
    request: Request, platform: Platform, person: SignedIn, token: Token, pipeline_id: str
) -> StreamingResponse:
    """Server-sent events: `pipeline` at each change, as `GET /pipelines/{pipeline_id}` tells it, then `end`.

    In silence a `ping` each few seconds says that the connection holds.
    """
    seen(platform, person, pipeline_id)
    events = _events(request.app.state.news, platform, Onlooker(platform, token, person), pipeline_id)
    return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)


def seen(platform: WebPlatform, person: Person, pipeline_id: str) -> Pipeline:
    """The pipeline if this person may see it, else 404."""
    return check_sees(person, platform.records.pipeline(pipeline_id), pipeline_id)


def cancelled(http: Request, platform: WebPlatform, person: Person, pipeline_id: str) -> Pipeline:
    """Ask for the end of the whole; the pipeline as it is afterwards."""
    pipeline, runs = cancel(clock_of(platform), person, seen(platform, person, pipeline_id))
    for run_id in runs:
        platform.bell.changed(run_id)
    platform.waiting.forget()
    go_on(http, platform, pipeline_id)
    return pipeline


def resumed(http: Request, platform: WebPlatform, person: Person, pipeline_id: str) -> Pipeline:
    """Go on with a pipeline; as it is afterwards."""
    pipeline = resume(clock_of(platform), person, seen(platform, person, pipeline_id))
    go_on(http, platform, pipeline_id)
    return pipeline


def go_on(http: Request, platform: WebPlatform, pipeline_id: str) -> None:
    """Queue what is due; where that cannot be done now, a worker's sweep does it."""
    with contextlib.suppress(Unavailable):
        carry_on(clock_of(platform), pipeline_id)
    platform.bell.changed(pipeline_id)
    http.app.state.dispatcher.wake()


def shape(platform: WebPlatform, pipeline_id: str) -> dict[str, Any]:
    """One pipeline as it is now."""
    pipeline = platform.records.pipeline(pipeline_id)
    if pipeline is None:
        raise NotFound(f"there is no pipeline '{pipeline_id[:40]}'")
    return whole_pipeline_json(pipeline, platform.records.steps_of(pipeline_id), platform.settings)


def shapes(platform: WebPlatform, found: list[Pipeline]) -> list[dict[str, Any]]:
    """Many as lists have them."""
    counted = platform.records.counted([pipeline.id for pipeline in found]) if found else {}
    return [pipeline_json(each, counted[each.id], platform.settings) for each in found]


def _wanted(source: UploadFile, request: str, files: UploadFile) -> NewPipeline:
    said = read_part(PipelineRequest, request)
    return NewPipeline(
        source.file.read(LARGEST_BYTES + 1),
        Files(files.file, files.size or 0),
        **said.model_dump(exclude={"git"}),
        git=None if said.git is None else git_of(said.git.model_dump()),
    )


async def _events(
    news: News, platform: WebPlatform, onlooker: Onlooker, pipeline_id: str
) -> AsyncIterator[str]:
    shown, silent = "", 0.0
    watched: tuple[str, ...] = (pipeline_id,)

    def look() -> dict[str, Any]:
        seen(platform, onlooker.now(), pipeline_id)
        return shape(platform, pipeline_id)

    while True:
        with news.watch(*watched) as woken:
            while True:
                woken.clear()
                try:
                    document = await run_sync(look)
                except (NotFound, SignInNeeded):
                    return  # theirs no more: who connects again is told so
                text = json.dumps(document, ensure_ascii=False)
                if text != shown:
                    shown, silent = text, 0.0
                    yield f"event: pipeline\ndata: {text}\n\n"
                if document["status"] != PipelineStatus.RUNNING:
                    yield f"event: end\ndata: {text}\n\n"
                    return
                going = (pipeline_id, *(step["run"] for step in document["steps"] if step["run"]))
                if going != watched:
                    watched = going
                    break  # what happened between the look and now is seen by another look
                silent += await quiet(news, woken)
                if is_due(silent):
                    silent = 0.0
                    yield PING
