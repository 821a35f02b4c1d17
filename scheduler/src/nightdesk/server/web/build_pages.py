"""The pages of builds, for admins: the list, one with its log as it is printed, and the form for a new one."""

from __future__ import annotations

from collections import deque
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.build import Build, BuildKind
from nightdesk.server.domain.environment import CHANNELS
from nightdesk.server.domain.errors import Refused
from nightdesk.server.domain.person import Person
from nightdesk.server.services.request_build import free_version, next_version, request_build
from nightdesk.server.web.auth import Admin, Platform
from nightdesk.server.web.build_form import ListFile, Typed, typed
from nightdesk.server.web.builds import known_build
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.listing import cursor, following
from nightdesk.server.web.page import AdminByForm, page
from nightdesk.server.web.paths import BASE

PAGES = f"{BASE}/environments"
_PAGE = 50
_BATCH = 1000  # pieces of the log in one look
_TAIL_LINES = 200  # for who reads without scripts
_KINDS = (BuildKind.REQUIREMENTS, BuildKind.GIT, BuildKind.FOLDER, BuildKind.IMAGE)
Words = Annotated[str, Query(max_length=200)]
Sent = Annotated[Typed, Depends(typed)]
router = APIRouter(include_in_schema=False)


@router.get(f"{PAGES}/builds")
def builds_page(request: Request, platform: Platform, admin: Admin, before: Words = "") -> Response:
    found = platform.records.builds(_PAGE + 1, cursor(before or None))
    older = following(found, _PAGE)
    return page(request, "builds.html", admin, builds=found[:_PAGE], older=older, before=before)


@router.get(f"{PAGES}/builds/{{build_id}}")
def build_page(request: Request, platform: Platform, admin: Admin, build_id: str) -> Response:
    build = known_build(platform, build_id)
    there = platform.records.version(build.environment, build.version) if build.digest else None
    ahead = [each for each in platform.records.builds(200) if not each.final] if not build.started_at else []
    return page(
        request,
        "build.html",
        admin,
        build=build,
        made=there,
        ahead=sum(each.created_at < build.created_at for each in ahead),
        tail=_tail(platform, build),
    )


@router.post(f"{PAGES}/builds/{{build_id}}/cancel")
def cancel_build_from_page(platform: Platform, admin: AdminByForm, build_id: str) -> Response:
    known_build(platform, build_id)
    platform.records.request_build_cancel(build_id, admin.name)
    platform.bell.changed(build_id)
    return RedirectResponse(f"{PAGES}/builds/{build_id}", status_code=303)


@router.get(f"{PAGES}/build")
def new_build_page(
    request: Request, platform: Platform, admin: Admin, kind: Words = "", environment: Words = ""
) -> Response:
    chosen = BuildKind(kind) if kind in set(_KINDS) else BuildKind.REQUIREMENTS
    return _form(request, platform, admin, Typed(kind=chosen, environment=environment))


@router.post(f"{PAGES}/build")
def ask_for_build_from_page(
    request: Request, platform: Platform, admin: AdminByForm, form: Sent, file: ListFile = None
) -> Response:
    asked = _asked(platform, admin, form, file)
    if isinstance(asked, Refused):
        return _form(request, platform, admin, form, asked)
    platform.bell.changed(asked.id)
    return RedirectResponse(f"{PAGES}/builds/{asked.id}", status_code=303)


def _asked(platform: WebPlatform, admin: Person, form: Typed, listed: UploadFile | None) -> Build | Refused:
    """The build on record, or why there is none."""
    try:
        return request_build(platform.records, platform.store, admin, form.request(), form.files(listed))
    except Refused as error:
        return error


def _form(
    request: Request, platform: WebPlatform, admin: Person, form: Typed, wrong: Refused | None = None
) -> Response:
    records = platform.records
    named = form.environment.strip()
    return page(
        request,
        "build_new.html",
        admin,
        status_code=status_of(wrong) if wrong else 200,
        form=form,
        wrong=wrong,
        kinds=_KINDS,
        channels=CHANNELS,
        names=list(dict.fromkeys(version.environment for version in records.versions())),
        free=free_version(records, named) if named else next_version([], records.now()),
    )


def _tail(platform: WebPlatform, build: Build) -> str:
    """The last lines of what it has printed."""
    lines: deque[str] = deque(maxlen=_TAIL_LINES)
    last, rest = 0, ""
    while pieces := platform.records.build_log(build.id, last, _BATCH):
        last = pieces[-1].number
        *whole, rest = (rest + "".join(piece.text for piece in pieces)).split("\n")
        lines.extend(whole)
    return "\n".join([*lines, rest])
