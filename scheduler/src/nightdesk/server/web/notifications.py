"""How somebody hears of the ends of their runs: the routes, and their page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Invalid, NightdeskError, Refused
from nightdesk.server.domain.notification import When, Wishes
from nightdesk.server.domain.person import Person
from nightdesk.server.services import notifying
from nightdesk.server.services.addresses import opened
from nightdesk.server.services.finish import iso
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import ByForm, page
from nightdesk.server.web.paths import API, BASE

PAGES = f"{BASE}/notifications"
router = APIRouter(prefix=API, tags=["notifications"])
pages = APIRouter(include_in_schema=False)


class Wanted(BaseModel):
    """What to say anew; what is left out stays as it is, and an empty address takes one away."""

    model_config = ConfigDict(extra="forbid")

    when: str | None = None
    email: str | None = Field(default=None, max_length=320)
    webhook: str | None = Field(default=None, max_length=500)
    slack: str | None = Field(default=None, max_length=500)


class Code(BaseModel):
    """What the mail said."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=20)


@router.get("/notifications")
def show(platform: Platform, person: SignedIn) -> dict[str, Any]:
    """What you hear of, where, and the last that was sent."""
    return _json(platform, _wishes(platform, person))


@router.patch("/notifications")
def change(platform: Platform, person: SignedIn, wanted: Wanted) -> dict[str, Any]:
    """Say anew what you hear of, and where. A new address for mail gets a code that confirms it."""
    said = wanted.model_dump(exclude_unset=True)
    return _json(platform, _set(platform, person, said))


@router.post("/notifications/confirm")
def confirm(platform: Platform, person: SignedIn, told: Code) -> dict[str, Any]:
    """Confirm the address for mail with the code that was sent there."""
    _confirm(platform, person, told.code)
    return _json(platform, _wishes(platform, person))


@router.post("/notifications/test")
def test(platform: Platform, person: SignedIn) -> dict[str, Any]:
    """Send a message on each way that is set."""
    return {"sent": [way.value for way in notifying.try_out(platform.records, person.name)]}


@pages.get(PAGES)
def notifications_page(request: Request, platform: Platform, person: SignedIn) -> Response:
    return _shown(request, platform, person)


@pages.post(PAGES)
def change_from_page(
    request: Request,
    platform: Platform,
    person: ByForm,
    when: Annotated[str, Form()] = "failure",
    email: Annotated[str, Form()] = "",
    webhook: Annotated[str, Form()] = "",
    slack: Annotated[str, Form()] = "",
) -> Response:
    said = {"when": when, "email": email, "webhook": webhook, "slack": slack}
    try:
        _set(platform, person, said)
    except Refused as error:
        return _shown(request, platform, person, error, said)
    return RedirectResponse(PAGES, status_code=303)


@pages.post(f"{PAGES}/confirm")
def confirm_from_page(
    request: Request, platform: Platform, person: ByForm, code: Annotated[str, Form()] = ""
) -> Response:
    try:
        _confirm(platform, person, code)
    except Refused as error:
        return _shown(request, platform, person, error)
    return RedirectResponse(PAGES, status_code=303)


@pages.post(f"{PAGES}/test")
def test_from_page(request: Request, platform: Platform, person: ByForm) -> Response:
    try:
        notifying.try_out(platform.records, person.name)
    except Refused as error:
        return _shown(request, platform, person, error)
    return RedirectResponse(PAGES, status_code=303)


def _set(platform: WebPlatform, person: Person, said: dict[str, Any]) -> Wishes:
    settings = platform.settings.notifications
    return notifying.set_wishes(platform.records, platform.addresses, settings, person.name, said)


def _wishes(platform: WebPlatform, person: Person) -> Wishes:
    return opened(platform.addresses, platform.records.wishes(person.name))


def _confirm(platform: WebPlatform, person: Person, code: str) -> None:
    if not platform.records.confirm_mail(person.name, "".join(code.split())):
        raise Invalid(
            "this is not the code, or it is too old", "Set the address again to have another one sent."
        )


def _json(platform: WebPlatform, wishes: Wishes) -> dict[str, Any]:
    return {
        "when": wishes.when.value,
        "email": wishes.email,
        "email_confirmed": wishes.email_confirmed,
        "webhook": wishes.webhook,
        "slack": wishes.slack,
        "secret": wishes.secret,
        "mail": platform.settings.notifications.smtp is not None,
        "last": [{**each, "at": iso(each["at"])} for each in platform.records.notices_of(wishes.person)],
    }


def _shown(
    request: Request,
    platform: WebPlatform,
    person: Person,
    wrong: NightdeskError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    wishes = _wishes(platform, person)
    kept = {
        "when": wishes.when.value,
        **{name: getattr(wishes, name) for name in ("email", "webhook", "slack")},
    }
    return page(
        request,
        "notifications.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        wishes=wishes,
        whens=[(When.FAILURE, "when a run fails"), (When.ALWAYS, "at the end of every run"),
               (When.NEVER, "never, unless a run says otherwise")],
        mail=platform.settings.notifications.smtp is not None,
        last=platform.records.notices_of(person.name),
        typed=typed or kept,
        wrong=wrong,
    )  # fmt: skip
