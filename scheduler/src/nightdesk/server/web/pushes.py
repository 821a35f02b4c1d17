"""The REST routes of pushes: a hook is made and taken away by who may see the schedule, and told by a repository's host."""

from __future__ import annotations

from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from nightdesk.server.services.finish import iso
from nightdesk.server.services.pushes import clear_hook, set_hook, take_push
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.paths import PUSHES
from nightdesk.server.web.schedules import router as schedules
from nightdesk.server.web.schedules import seen, whole

router = APIRouter(tags=["schedules"])


@schedules.post("/{schedule_id}/hook", status_code=201)
def make_hook(platform: Platform, person: SignedIn, schedule_id: str) -> Response:
    """Have pushes to a schedule's branch start it: where to tell of them, and the secret, which is not shown again."""
    schedule = seen(platform, person, schedule_id)
    key = platform.environment.run_key
    made, secret = set_hook(platform.records, key, person, schedule)
    document = {"url": f"{platform.settings.public_url}{PUSHES}/{made.id}", "secret": secret}
    return JSONResponse(document, status_code=201, headers={"Cache-Control": "no-store"})


@schedules.delete("/{schedule_id}/hook")
def remove_hook(platform: Platform, person: SignedIn, schedule_id: str) -> dict[str, Any]:
    """Pushes start nothing any more."""
    return whole(platform, clear_hook(platform.records, person, seen(platform, person, schedule_id)))


@router.post(f"{PUSHES}/{{schedule_id}}")
async def take_delivery(request: Request, platform: Platform, schedule_id: str) -> dict[str, Any]:
    """What a repository's host tells, signed with the hook's secret. The same twice starts one run."""
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    taken = await run_sync(
        take_push, platform.records, platform.environment.run_key, schedule_id, headers, body
    )
    return {"words": taken.words, "tick": None if taken.tick is None else iso(taken.tick.at)}
