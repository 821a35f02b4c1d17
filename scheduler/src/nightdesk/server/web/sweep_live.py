"""A sweep live: one stream for all of its runs, which tells what has changed of which."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NotFound, SignInNeeded
from nightdesk.server.services.sweeps import members_of
from nightdesk.server.web.auth import Platform, SignedIn, Token
from nightdesk.server.web.live import PING, STREAM_HEADERS, News, Onlooker, is_due, quiet
from nightdesk.server.web.paths import API
from nightdesk.server.web.sweep_shapes import whole_sweep_json
from nightdesk.server.web.sweeps import seen_sweep

# Its runs ring with each line that they print; a look reads all of them.
_LOOK_SECONDS = 0.5
router = APIRouter(prefix=f"{API}/sweeps", tags=["sweeps"])


@router.get("/{sweep_id}/events", response_class=StreamingResponse)
def sweep_events(
    request: Request, platform: Platform, person: SignedIn, token: Token, sweep_id: str
) -> StreamingResponse:
    """Server-sent events: `sweep` at each change, with those of its members that changed (all of them at first), then `end`.

    In silence a `ping` each few seconds says that the connection holds.
    """
    seen_sweep(platform, person, sweep_id)
    onlooker = Onlooker(platform, token, person)
    events = _events(request.app.state.news, platform, onlooker, sweep_id)
    return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)


async def _events(news: News, platform: WebPlatform, onlooker: Onlooker, sweep_id: str) -> AsyncIterator[str]:
    shown: dict[int, dict[str, Any]] = {}
    said: dict[str, Any] | None = None
    silent = 0.0
    with news.watch(sweep_id) as woken:
        while True:
            woken.clear()
            began = time.monotonic()
            try:
                document = await run_sync(_look, platform, onlooker, sweep_id)
            except (NotFound, SignInNeeded):
                return  # theirs no more: who connects again is told so
            members = document.pop("members")
            changed = [each for each in members if shown.get(each["place"]) != each]
            if changed or document != said:
                said, silent = document, 0.0
                shown |= {each["place"]: each for each in changed}
                news.also(woken, [each["run"] for each in members])
                yield _event("sweep", {**document, "members": changed})
            if document["over"]:
                yield _event("end", document)
                return
            silent += await quiet(news, woken)
            if is_due(silent):
                silent = 0.0
                yield PING
            await asyncio.sleep(max(0.0, _LOOK_SECONDS - (time.monotonic() - began)))


def _look(platform: WebPlatform, onlooker: Onlooker, sweep_id: str) -> dict[str, Any]:
    sweep = seen_sweep(platform, onlooker.now(), sweep_id)
    return whole_sweep_json(sweep, members_of(platform.records, sweep), platform.settings)


def _event(kind: str, document: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n"
