"""Sessions for admins: who is in which environment, since when, and what it takes; the route and the page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NightdeskError, Refused, Unavailable
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.ports.roster import LiveSession
from nightdesk.server.services import roster
from nightdesk.server.services.finish import iso
from nightdesk.server.services.roster import AdminAt
from nightdesk.server.web.auth import Admin, Platform, Token
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import AdminByForm, page
from nightdesk.server.web.paths import API, BASE

PAGES = f"{BASE}/admin/sessions"
IDLE_MINUTES = (15, 60, 240)
router = APIRouter(prefix=API, tags=["sessions"])
pages = APIRouter(include_in_schema=False)


@router.get("/sessions")
def sessions(platform: Platform, _admin: Admin) -> dict[str, Any]:
    """Every session with what it takes now. For admins."""
    return {"sessions": [session_json(each) for each in _listed(platform)]}


@pages.get(PAGES)
def sessions_page(request: Request, platform: Platform, admin: Admin) -> Response:
    return _shown(request, platform, admin_at=AdminAt(admin, ""))


@pages.post(f"{PAGES}/stop-idle")
def stop_idle(
    request: Request,
    platform: Platform,
    admin: AdminByForm,
    token: Token,
    minutes: Annotated[int, Form(ge=1, le=7 * 24 * 60)],
) -> Response:
    by = AdminAt(admin, token)
    try:
        roster.stop_idle(platform.roster, by, platform.records.now(), minutes * 60.0)
    except (Refused, Unavailable) as error:
        return _shown(request, platform, by, error)
    return RedirectResponse(PAGES, status_code=303)


@pages.post(f"{PAGES}/stop")
def stop_session(
    request: Request,
    platform: Platform,
    admin: AdminByForm,
    token: Token,
    whose: Annotated[str, Form(max_length=255)],
    name: Annotated[str, Form(max_length=255)] = "",
) -> Response:
    by = AdminAt(admin, token)
    try:
        platform.roster.stop_session(token, whose, name)
    except (Refused, Unavailable) as error:
        return _shown(request, platform, by, error)
    return RedirectResponse(PAGES, status_code=303)


def session_json(session: LiveSession) -> dict[str, Any]:
    """A session as docs/api.md has it."""
    return {
        "person": session.person,
        "name": session.name,
        "environment": {"name": session.environment, "version": session.version},
        "size": session.size,
        "ready": session.ready,
        "started_at": iso(session.started_at),
        "idle_since": iso(session.idle_since),
        "cpus": session.cpus,
        "cpu_limit": session.cpu_limit,
        "memory_bytes": session.memory_bytes,
        "memory_limit_bytes": session.memory_limit,
    }


def _listed(platform: WebPlatform) -> list[LiveSession]:
    return sorted(platform.roster.live_sessions(), key=lambda session: (session.person, session.name))


def _shown(
    request: Request, platform: WebPlatform, admin_at: AdminAt, wrong: NightdeskError | None = None
) -> Response:
    found = _listed(platform)
    memory = sum(each.memory_bytes or 0 for each in found)
    cores = sum(each.cpus or 0.0 for each in found)
    return page(
        request,
        "sessions.html",
        admin_at.person,
        status_code=status_of(wrong) if wrong else 200,
        sessions=found,
        now=platform.records.now(),
        total=f"CPU {cores:.1f} cores · memory {human_bytes(memory)}" if found else "",
        minutes=IDLE_MINUTES,
        wrong=wrong,
    )
