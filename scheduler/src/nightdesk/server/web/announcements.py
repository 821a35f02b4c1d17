"""Announcements: the routes, what the hub asks for, and the admins' page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.announcement import LEVELS, Announcement, check
from nightdesk.server.domain.errors import NightdeskError, NotFound, Refused
from nightdesk.server.domain.person import Person
from nightdesk.server.services.finish import iso
from nightdesk.server.web.auth import Admin, Platform, SignedIn, the_hub
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.listing import moment
from nightdesk.server.web.page import AdminByForm, page
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.search import zone_of

PAGES = f"{BASE}/admin/announcements"
router = APIRouter(prefix=API, tags=["announcements"])
pages = APIRouter(include_in_schema=False)


class Wanted(BaseModel):
    """What everybody is to be told; ``since`` and ``until`` are times in ISO 8601."""

    model_config = ConfigDict(extra="forbid")

    text: str
    level: str = "info"
    link: str = ""
    since: str | None = None
    until: str | None = None
    before_sign_in: bool = False


@router.get("/announcements")
def shown(platform: Platform, _person: SignedIn) -> dict[str, Any]:
    """What everybody is told now."""
    return {"announcements": [announcement_json(each) for each in platform.board.shown()]}


@router.get("/announcements/all", dependencies=[Depends(the_hub)])
def for_the_hub(platform: Platform) -> dict[str, Any]:
    """The same with those that are for later. Only the hub asks, each few seconds, and shows each in its time."""
    return {"announcements": [announcement_json(each) for each in platform.records.announcements()]}


@router.post("/announcements", status_code=201)
def announce(platform: Platform, admin: Admin, wanted: Wanted) -> dict[str, Any]:
    """Tell everybody something, on every page. For admins."""
    since = moment("since", wanted.since) if wanted.since else 0.0
    until = moment("until", wanted.until, end=True) if wanted.until else None
    announcement = Announcement(
        0, 0.0, admin.name, wanted.text, wanted.level, wanted.link, since, until, wanted.before_sign_in
    )
    return announcement_json(_made(platform, announcement))


@router.delete("/announcements")
def clear(platform: Platform, admin: Admin) -> dict[str, Any]:
    """Take all of them down. For admins."""
    return {"cleared": _cleared(platform, admin, None)}


@router.delete("/announcements/{number}")
def clear_one(platform: Platform, admin: Admin, number: int) -> dict[str, Any]:
    """Take one down. For admins."""
    if not (gone := _cleared(platform, admin, number)):
        raise NotFound(f"there is no announcement {number}")
    return {"cleared": gone}


@pages.get(PAGES)
def announcements_page(request: Request, platform: Platform, admin: Admin) -> Response:
    return _shown(request, platform, admin)


@pages.post(PAGES)
def announce_from_page(
    request: Request,
    platform: Platform,
    admin: AdminByForm,
    text: Annotated[str, Form()] = "",
    level: Annotated[str, Form()] = "info",
    link: Annotated[str, Form()] = "",
    since: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
    zone: Annotated[str, Form()] = "",
    before_sign_in: Annotated[bool, Form()] = False,
) -> Response:
    typed = {"text": text, "level": level, "link": link, "since": since, "until": until}
    try:
        announcement = Announcement(
            0, 0.0, admin.name, text, level, link.strip(),
            since=moment("from", since, zone=zone_of(zone)) if since else 0.0,
            until=moment("until", until, zone=zone_of(zone), end=True) if until else None,
            before_sign_in=before_sign_in,
        )  # fmt: skip
        _made(platform, announcement)
    except Refused as error:
        return _shown(request, platform, admin, error, typed)
    return RedirectResponse(PAGES, status_code=303)


@pages.post(f"{PAGES}/{{number}}/clear")
def clear_from_page(platform: Platform, admin: AdminByForm, number: int) -> Response:
    _cleared(platform, admin, number)
    return RedirectResponse(PAGES, status_code=303)


def announcement_json(each: Announcement) -> dict[str, Any]:
    """An announcement as docs/api.md has it."""
    return {
        "id": each.id,
        "text": each.text,
        "level": each.level,
        "link": each.link or None,
        "since": iso(each.since),
        "until": iso(each.until),
        "before_sign_in": each.before_sign_in,
        "by": each.by,
    }


def _made(platform: WebPlatform, announcement: Announcement) -> Announcement:
    made = platform.records.announce(check(announcement, platform.records.now()))
    platform.board.forget()
    return made


def _cleared(platform: WebPlatform, admin: Person, number: int | None) -> int:
    gone = platform.records.clear_announcements(admin.name, number)
    platform.board.forget()
    return gone


def _shown(
    request: Request,
    platform: WebPlatform,
    admin: Person,
    wrong: NightdeskError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    now = platform.records.now()
    return page(
        request,
        "announcements.html",
        admin,
        status_code=status_of(wrong) if wrong else 200,
        kept=[(each, each.is_shown(now)) for each in platform.records.announcements()],
        levels=LEVELS,
        typed=typed or {"text": "", "level": "info", "link": "", "since": "", "until": ""},
        wrong=wrong,
    )
