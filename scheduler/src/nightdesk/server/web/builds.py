"""The REST routes of builds: ask for one, look, follow its log, cancel. All of them for admins."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Header, Query, Request, UploadFile
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.build import Build, BuildKind, BuildLine
from nightdesk.server.domain.errors import NotFound
from nightdesk.server.services.request_build import BuildRequest, request_build
from nightdesk.server.services.submit import Files
from nightdesk.server.web.auth import Admin, Platform, admin
from nightdesk.server.web.catalogue_shapes import build_json
from nightdesk.server.web.listing import cursor, following
from nightdesk.server.web.live import PING, STREAM_HEADERS, News, is_due, quiet
from nightdesk.server.web.part import read_part
from nightdesk.server.web.paths import API

_BATCH = 200  # pieces of the log in one look
router = APIRouter(prefix=f"{API}/builds", tags=["builds"], dependencies=[Depends(admin)])


class RequestedBuild(BaseModel):
    """The part ``request`` of a request for a build."""

    model_config = ConfigDict(extra="forbid")

    kind: BuildKind
    environment: str = ""
    version: str = ""
    title: str = ""
    description: str = ""
    channel: str | None = None
    source: str = ""
    ref: str = ""
    folder: str = ""


@router.post("", status_code=201)
def ask_for_build(
    platform: Platform,
    admin: Admin,
    request: Annotated[str, Form(description="what to build, as JSON")],
    files: Annotated[
        UploadFile | None, File(description="a gzip tar with the requirements, or the folder")
    ] = None,
) -> dict[str, Any]:
    """Ask for a version to be built. A worker begins when no other build goes on."""
    wanted = BuildRequest(**read_part(RequestedBuild, request).model_dump())
    along = None if files is None else Files(files.file, files.size or 0)
    build = request_build(platform.records, platform.store, admin, wanted, along)
    platform.bell.changed(build.id)
    return build_json(build, platform.settings)


@router.get("")
def list_builds(
    platform: Platform,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(description="`next` of an earlier answer")] = None,
) -> dict[str, Any]:
    """Builds, newest first."""
    found = platform.records.builds(limit + 1, cursor(before))
    shown = [build_json(build, platform.settings) for build in found[:limit]]
    return {"builds": shown, "next": following(found, limit)}


@router.get("/{build_id}")
def show_build(platform: Platform, build_id: str) -> dict[str, Any]:
    """One build."""
    return build_json(known_build(platform, build_id), platform.settings)


@router.get("/{build_id}/log", response_class=PlainTextResponse)
def build_log(platform: Platform, build_id: str) -> StreamingResponse:
    """What the build has printed so far, as text."""
    build = known_build(platform, build_id)

    def pieces() -> Any:
        last = 0
        while lines := platform.records.build_log(build.id, last, _BATCH):
            last = lines[-1].number
            yield "".join(line.text for line in lines).encode("utf-8", "replace")

    return StreamingResponse(pieces(), media_type="text/plain; charset=utf-8")


@router.post("/{build_id}/cancel")
def cancel_build(platform: Platform, admin: Admin, build_id: str) -> dict[str, Any]:
    """Ask a build to end. A queued one is cancelled at once; one that is over stays as it is."""
    known_build(platform, build_id)
    build = platform.records.request_build_cancel(build_id, admin.name)
    platform.bell.changed(build_id)
    return build_json(_known(build, build_id), platform.settings)


@router.get("/{build_id}/events", response_class=StreamingResponse)
def build_events(
    request: Request,
    platform: Platform,
    build_id: str,
    after: Annotated[str | None, Query(description="the id of the last event that was seen")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Server-sent events: `build` at each change, `log` as it is printed, then `end`.

    In silence a `ping` each few seconds says that the connection holds.
    """
    known_build(platform, build_id)
    place = last_event_id or after or ""
    start = int(place) if place.isdecimal() and len(place) <= 9 else 0
    events = _events(request.app.state.news, platform, build_id, start)
    return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)


def known_build(platform: WebPlatform, build_id: str) -> Build:
    """The build, else 404."""
    return _known(platform.records.build(build_id), build_id)


def _known(build: Build | None, build_id: str) -> Build:
    if build is None:
        raise NotFound(f"there is no build '{build_id[:40]}'", "List them: `nightdesk env builds`.")
    return build


async def _events(news: News, platform: WebPlatform, build_id: str, last: int) -> AsyncIterator[str]:
    shown: str | None = None
    silent = 0.0
    with news.watch(build_id) as woken:
        while True:
            woken.clear()
            build, lines = await news.seen(build_id, last, partial(_look, platform, build_id, last))
            text = json.dumps(build_json(build, platform.settings), ensure_ascii=False)
            if text != shown:
                shown, silent = text, 0.0
                yield f"event: build\ndata: {text}\n\n"
            for line in lines:
                last, silent = line.number, 0.0
                yield f"id: {last}\nevent: log\ndata: {json.dumps({'text': line.text}, ensure_ascii=False)}\n\n"
            if lines:
                continue
            if build.final:
                yield f"event: end\ndata: {text}\n\n"
                return
            silent += await quiet(news, woken)
            if is_due(silent):
                silent = 0.0
                yield PING


def _look(platform: WebPlatform, build_id: str, last: int) -> tuple[Build, list[BuildLine]]:
    # The build first, then its log: what is printed before a final status is on record by then.
    return known_build(platform, build_id), platform.records.build_log(build_id, last, _BATCH)
