"""The admins' page of people: who there is, who wants to come in, and who is an admin."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NightdeskError, Refused, Unavailable
from nightdesk.server.ports.roster import WAITING
from nightdesk.server.services import roster
from nightdesk.server.services.roster import AdminAt
from nightdesk.server.web.auth import Admin, Platform, Token
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import AdminByForm, page
from nightdesk.server.web.paths import BASE

PAGES = f"{BASE}/admin/people"
Words = Annotated[str, Query(max_length=200)]
router = APIRouter(include_in_schema=False)


class Change(StrEnum):
    """What the buttons do."""

    APPROVE = "approve"
    REMOVE = "remove"
    MAKE_ADMIN = "admin"
    UNMAKE_ADMIN = "unadmin"
    PASSWORD = "password"  # noqa: S105 - a button's name


@router.get(PAGES)
def people_page(request: Request, platform: Platform, admin: Admin, token: Token, q: Words = "") -> Response:
    return _shown(request, platform, AdminAt(admin, token), q)


@router.post(f"{PAGES}/{{name}}/{{change}}")
def change_person(
    request: Request, platform: Platform, admin: AdminByForm, token: Token, name: str, change: Change
) -> Response:
    by = AdminAt(admin, token)
    try:
        password = _do(platform, by, name, change)
    except (Refused, Unavailable) as error:
        return _shown(request, platform, by, "", wrong=error)
    if password:  # shown this once, and never in an address
        return _shown(request, platform, by, "", told=(name, password))
    return RedirectResponse(PAGES, status_code=303)


def _do(platform: WebPlatform, by: AdminAt, name: str, change: Change) -> str:
    """Do it; the password where one was made."""
    if change is Change.APPROVE:
        platform.roster.approve(by.token, name)
    elif change is Change.REMOVE:
        roster.remove(platform.roster, by, name)
    elif change is Change.PASSWORD:
        return roster.new_password(platform.roster, by, name)
    else:
        roster.set_admin(platform.roster, by, name, change is Change.MAKE_ADMIN)
    return ""


def _shown(
    request: Request,
    platform: WebPlatform,
    by: AdminAt,
    words: str,
    wrong: NightdeskError | None = None,
    told: tuple[str, str] | None = None,
) -> Response:
    everybody = platform.roster.everybody(by.token)
    members = roster.found(everybody, words)
    return page(
        request,
        "people.html",
        by.person,
        status_code=status_of(wrong) if wrong else 200,
        members=members,
        everybody=len(everybody),
        waiting=sum(member.account == WAITING for member in everybody),
        runs=defaultdict(int, roster.runs_going_on(platform.records)),
        q=words,
        wrong=wrong,
        told=told,
    )
