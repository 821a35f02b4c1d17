"""The first pages: a member's home, and the admins' overview of the platform."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nightdesk.navigation import HOME
from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Limit
from nightdesk.server.domain.visit import Visit, visit
from nightdesk.server.ports.roster import WAITING
from nightdesk.server.services.doctor import examine
from nightdesk.server.services.home import BAD, everything, mine
from nightdesk.server.services.usage_report import WARN_AT
from nightdesk.server.web.api import shapes
from nightdesk.server.web.auth import Admin, Platform, SignedIn, Token
from nightdesk.server.web.page import page
from nightdesk.server.web.paths import BASE
from nightdesk.server.web.schedule_shapes import schedule_json
from nightdesk.server.web.shelf import shelves

_COOKIE = "nightdesk-visit"
_MAX_AGE = 90 * 86400
_SHOWN = 8
router = APIRouter(include_in_schema=False)


@router.get(HOME)
def home_page(request: Request, platform: Platform, person: SignedIn) -> Response:
    now = platform.records.now()
    this = visit(_before(request, person), now)
    found = mine(platform.records, platform.people, person, this.since)
    answer = page(
        request,
        "home.html",
        person,
        first=_before(request, person) is None,
        since=this.since,
        sessions=found.sessions,
        notices=found.notices,
        going=shapes(platform, found.going, outputs=False),
        ended=shapes(platform, found.ended[:_SHOWN], outputs=False),
        ended_count=len(found.ended),
        bad_count=sum(run.status in BAD for run in found.ended),
        schedules=[schedule_json(each, platform.settings) for each in found.schedules],
        alerts=found.alerts,
        news=found.news,
        starting_in=found.starting_in,
        home_full=_home_full(platform, person),
    )
    remembered = f"{this.since:.0f}.{this.seen:.0f}.{quote(person.name, safe='')}"
    secure = platform.settings.public_url.startswith("https:")
    answer.set_cookie(
        _COOKIE, remembered, max_age=_MAX_AGE, path=HOME, httponly=True, samesite="lax", secure=secure
    )
    return answer


@router.get(f"{BASE}/admin")
def overview_page(request: Request, platform: Platform, admin: Admin, token: Token) -> Response:
    records, now = platform.records, platform.records.now()
    found = everything(records, platform.people, now)
    shut = platform.vault.keys_missing
    checks = examine(records, platform.store, platform.bell, platform.egress, shut)
    running = sum(len(worker.runs) for worker in found.workers)
    return page(
        request,
        "overview.html",
        admin,
        now=now,
        found=found,
        running=running,
        workers=[(worker, shapes(platform, worker.runs, outputs=False)) for worker in found.workers],
        waiting=shapes(platform, found.waiting, outputs=False),
        failures=shapes(platform, found.failures[:_SHOWN], outputs=False),
        wrong=[check for check in checks if not check.ok],
        disks=platform.disks(),
        homes=sum(home.bytes for home in records.homes()),
        outputs=sum(use.bytes for use in records.store_use().values()),
        shelves=shelves(records.versions()),
        builds=[build for build in records.builds(5) if not build.status.final],
        approvals=_approvals(platform, token),
        version=version("nightdesk"),
    )


def _before(request: Request, person: Person) -> Visit | None:
    """What the browser remembers of this person's last visit; nothing of what cannot be read."""
    since, _, rest = request.cookies.get(_COOKIE, "").partition(".")
    seen, _, name = rest.partition(".")
    if not (since.isdecimal() and seen.isdecimal() and len(since) < 12 and len(seen) < 12):
        return None
    return Visit(float(since), float(seen)) if unquote(name) == person.name else None


def _home_full(platform: WebPlatform, person: Person) -> bool:
    most = person.rights.limits.get(Limit.HOME)
    held = platform.records.home(person.name) if most else None
    return held is not None and held.bytes >= WARN_AT * (most or 0)


def _approvals(platform: WebPlatform, token: str) -> dict[str, Any]:
    """Who wants to come in; the hub is asked as the admin, and may be away."""
    try:
        everybody = platform.roster.everybody(token)
    except NightdeskError as error:
        return {"names": [], "wrong": error.message}
    return {"names": [member.name for member in everybody if member.account == WAITING], "wrong": ""}
