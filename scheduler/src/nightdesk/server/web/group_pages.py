"""The pages of groups, and of what is decided for everybody, a group, or one person. For admins."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Refused, Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.web.auth import Admin, Platform, Token
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import AdminByForm, page
from nightdesk.server.web.paths import BASE
from nightdesk.server.web.policy_form import PolicyForm, fields_of

PAGES = f"{BASE}/groups"
POLICIES = f"{BASE}/policies"
router = APIRouter(include_in_schema=False)


class Change(StrEnum):
    """What the buttons on a group's page do."""

    JOIN = "join"
    LEAVE = "leave"
    REMOVE = "remove"
    POLICY = "policy"


async def sent(request: Request) -> FormData:
    """All fields of the form."""
    return await request.form()


Sent = Annotated[FormData, Depends(sent)]
Wrong = Refused | Unavailable | None


@router.get(PAGES)
def groups_page(request: Request, platform: Platform, admin: Admin, token: Token) -> Response:
    return _list(request, platform, admin, token)


@router.post(PAGES)
def make_from_page(
    request: Request, platform: Platform, admin: AdminByForm, token: Token, name: Annotated[str, Form()] = ""
) -> Response:
    try:
        platform.directory.make(token, name.strip())
    except Refused as error:
        return _list(request, platform, admin, token, error, name)
    return RedirectResponse(address(name.strip()), status_code=303)


@router.get(f"{PAGES}/{{name:path}}")
def group_page(request: Request, platform: Platform, admin: Admin, token: Token, name: str) -> Response:
    return _one(request, platform, admin, token, name)


@router.post(f"{PAGES}/{{name:path}}/{{change}}")
def change_from_page(
    request: Request,
    platform: Platform,
    admin: AdminByForm,
    token: Token,
    form: Sent,
    name: str,
    change: Change,
) -> Response:
    typed = PolicyForm.typed(form) if change is Change.POLICY else None
    people = str(form.get("people", "")).replace(",", " ").split()
    directory = platform.directory
    try:
        if change is Change.JOIN:
            directory.join(token, name, people)
        elif change is Change.LEAVE:
            directory.leave(token, name, people)
        elif change is Change.REMOVE:
            directory.remove(token, name)
            return RedirectResponse(PAGES, status_code=303)
        elif typed is not None:
            directory.group(token, name)  # one that is gone decides nothing
            directory.change_policy(admin, Kind.GROUP, name, typed.change())
    except (Refused, Unavailable) as error:
        return _one(request, platform, admin, token, name, (error, typed, " ".join(people)))
    return RedirectResponse(address(name), status_code=303)


@router.get(f"{POLICIES}/{{kind}}/{{name:path}}")
def policy_page(request: Request, platform: Platform, admin: Admin, kind: Kind, name: str) -> Response:
    return _policy(request, platform, admin, kind, name)


@router.post(f"{POLICIES}/{{kind}}/{{name:path}}")
def policy_from_page(
    request: Request, platform: Platform, admin: AdminByForm, form: Sent, kind: Kind, name: str
) -> Response:
    typed = PolicyForm.typed(form)
    try:
        platform.directory.change_policy(admin, kind, name, typed.change())
    except Refused as error:
        return _policy(request, platform, admin, kind, name, error, typed)
    return RedirectResponse(f"{POLICIES}/{kind}/{quote(name)}?saved=1", status_code=303)


def address(name: str) -> str:
    """Where a group's page is."""
    return f"{PAGES}/{quote(name)}"


def _list(
    request: Request, platform: WebPlatform, admin: Person, token: str, wrong: Wrong = None, typed: str = ""
) -> Response:
    return page(
        request,
        "groups.html",
        admin,
        status_code=status_of(wrong) if wrong else 200,
        groups=platform.directory.listed(token),
        wrong=wrong,
        typed=typed,
    )


def _one(
    request: Request,
    platform: WebPlatform,
    admin: Person,
    token: str,
    name: str,
    refused: tuple[Refused | Unavailable, PolicyForm | None, str] | None = None,
) -> Response:
    group, policy = platform.directory.group(token, name)
    wrong, typed, people = refused or (None, None, "")
    versions = platform.records.versions()
    return page(
        request,
        "group.html",
        admin,
        status_code=status_of(wrong) if wrong else 200,
        group=group,
        address=address(name),
        kind="group",
        form=typed or PolicyForm.of(policy),
        sizes=list(platform.settings.sizes.values()),
        environments=sorted({version.environment for version in versions if name in version.groups}),
        wrong=wrong,
        typed_people=people,
        **fields_of("group"),
    )


def _policy(
    request: Request,
    platform: WebPlatform,
    admin: Person,
    kind: Kind,
    name: str,
    wrong: Wrong = None,
    typed: PolicyForm | None = None,
) -> Response:
    if kind is Kind.GROUP:
        return RedirectResponse(address(name), status_code=303)
    policy = platform.directory.policy(kind, "" if kind is Kind.EVERYBODY else name)
    return page(
        request,
        "policy.html",
        admin,
        status_code=status_of(wrong) if wrong else 200,
        kind=kind.value,
        subject=name,
        action=f"{POLICIES}/{kind}/{quote(name)}",
        saved=request.query_params.get("saved") == "1" and wrong is None,
        form=typed or PolicyForm.of(policy),
        sizes=list(platform.settings.sizes.values()),
        wrong=wrong,
        **fields_of(kind.value),
    )
