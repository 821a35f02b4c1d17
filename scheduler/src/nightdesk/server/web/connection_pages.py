"""The pages of connections: what one may use with lines to copy, and where admins keep them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from nightdesk.connection_kinds import KINDS, lines_of
from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.connection import held_to
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.errors import Invalid, Refused, Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.services.connection_tests import ask, wait_for
from nightdesk.server.services.connections import Draft, Rewording
from nightdesk.server.web.auth import Admin, Platform, SignedIn
from nightdesk.server.web.connection_form import ConnectionForm, grant_of
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import AdminByForm, page
from nightdesk.server.web.paths import BASE

MINE = f"{BASE}/connections"
PAGES = f"{BASE}/admin/connections"
NEW = f"{BASE}/admin/new-connection"
_USES = 20
_OWN_USES = 500
#: What keeps somebody to reading, in words for them.
HELD = {
    "mount": "It is mounted read-only.",
    "login": "You sign in there with a login that can only read.",
    "database": "Your transactions begin read-only: a courtesy that keeps you from mistakes.",
    "request": "What you get refuses to write: a courtesy that keeps you from mistakes.",
}
router = APIRouter(include_in_schema=False)


class Change(StrEnum):
    """What the buttons on a connection's page do."""

    SETTINGS = "settings"
    SECRETS = "secrets"
    GRANT = "grant"
    REVOKE = "revoke"
    TEST = "test"
    REMOVE = "remove"


async def sent(request: Request) -> FormData:
    """All fields of the form."""
    return await request.form()


Sent = Annotated[FormData, Depends(sent)]
Wrong = Refused | Unavailable | None


@router.get(MINE)
def my_connections(request: Request, platform: Platform, person: SignedIn) -> Response:
    own = AuditFilter(by=person.name, action="connection.used", limit=_OWN_USES)
    used: dict[str, float] = {}
    for entry in platform.records.entries(own):
        used.setdefault(entry.object, entry.at)
    shown = [
        {
            "connection": connection,
            "kind": KINDS[connection.kind.value],
            "writes": writes,
            "held": HELD.get(held_to(connection, writes) or "", ""),
            "lines": lines_of(connection.kind.value, connection.name),
            "used": used.get(connection.name),
        }
        for connection, writes in platform.vault.mine(person)
    ]
    return page(request, "connections.html", person, shown=shown)


@router.get(PAGES)
def all_connections(request: Request, platform: Platform, admin: Admin) -> Response:
    kept = [connection for connection, _ in platform.vault.mine(admin)]
    return page(request, "connections_kept.html", admin, kept=kept, kinds=KINDS)


@router.get(f"{NEW}/{{kind}}")
def new_connection(request: Request, admin: Admin, kind: str) -> Response:
    return _new(request, admin, ConnectionForm.empty(kind))


@router.post(f"{NEW}/{{kind}}")
def make_from_page(
    request: Request, platform: Platform, admin: AdminByForm, form: Sent, kind: str
) -> Response:
    typed = ConnectionForm.typed(kind, form)
    settings = {name: value for name, value in typed.settings.items() if value}
    draft = Draft(
        typed.name,
        ConnectionKind(kind),
        typed.title,
        typed.description,
        typed.read_only,
        settings,
        typed.given,
    )
    try:
        platform.vault.make(admin, draft)
    except (Refused, Unavailable) as error:
        return _new(request, admin, typed, error)
    return RedirectResponse(f"{address(typed.name)}?made=1", status_code=303)


@router.get(f"{PAGES}/{{name}}")
def connection_page(request: Request, platform: Platform, admin: Admin, name: str) -> Response:
    return _one(request, platform, admin, name)


@router.post(f"{PAGES}/{{name}}/{{change}}")
def change_from_page(
    request: Request, platform: Platform, admin: AdminByForm, form: Sent, name: str, change: Change
) -> Response:
    connection, _ = platform.vault.seen(admin, name)
    typed = ConnectionForm.typed(connection.kind.value, form) if change is Change.SETTINGS else None
    try:
        if change is Change.TEST:
            return _one(request, platform, admin, name, trial=_tried(platform, admin, name))
        if change is Change.REMOVE:
            _agreed(form, name)
            platform.vault.remove(admin, name)
            return RedirectResponse(PAGES, status_code=303)
        _change(platform, admin, name, change, form, typed)
    except (Refused, Unavailable) as error:
        return _one(request, platform, admin, name, error, typed)
    return RedirectResponse(f"{address(name)}?saved={change}#{_section(change)}", status_code=303)


def address(name: str) -> str:
    """Where admins find a connection's page."""
    return f"{PAGES}/{quote(name)}"


def _change(
    platform: WebPlatform,
    admin: Person,
    name: str,
    change: Change,
    form: FormData,
    typed: ConnectionForm | None,
) -> None:
    vault = platform.vault
    if change is Change.GRANT:
        vault.grant(admin, name, grant_of(form))
    elif change is Change.REVOKE:
        vault.revoke(admin, name, grant_of(form))
    elif change is Change.SECRETS:
        kind = vault.seen(admin, name)[0].kind.value
        vault.rotate(admin, name, ConnectionForm.typed(kind, form).given)
    elif typed is not None:
        words = Rewording(
            typed.title, typed.description, typed.read_only, typed.settings, typed.given or None
        )
        vault.change(admin, name, words)


def _tried(platform: WebPlatform, admin: Person, name: str) -> Any:
    """How trying it goes; waits for the outcome."""
    return wait_for(platform.records, ask(platform.vault, platform.handing_over, admin, name))


def _agreed(form: FormData, name: str) -> None:
    if str(form.get("name", "")).strip() != name:
        raise Invalid("nothing was removed", f"Type {name} beside the button to say that you mean it.")


def _section(change: Change) -> str:
    return {Change.SETTINGS: "settings", Change.SECRETS: "secrets"}.get(change, "grants")


def _new(request: Request, admin: Person, form: ConnectionForm, wrong: Wrong = None) -> Response:
    return page(
        request,
        "connection_new.html",
        admin,
        status_code=status_of(wrong) if wrong else 200,
        form=form,
        kind=form.kind,
        wrong=wrong,
        secret_again=bool(form.given),
    )


def _one(
    request: Request,
    platform: WebPlatform,
    admin: Person,
    name: str,
    wrong: Wrong = None,
    typed: ConnectionForm | None = None,
    trial: Any = None,
) -> Response:
    connection, _ = platform.vault.seen(admin, name)
    kind = KINDS[connection.kind.value]
    readers = {field.name for field in kind.readers}
    return page(
        request,
        "connection.html",
        admin,
        status_code=status_of(wrong) if wrong else 200,
        connection=connection,
        kind=kind,
        form=typed or ConnectionForm.of(connection),
        main_secrets=[field for field in kind.hidden if field.name not in readers],
        reader_secrets=[field for field in kind.hidden if field.name in readers],
        address=address(name),
        lines=lines_of(kind.name, name),
        uses=platform.vault.uses(name, _USES),
        wrong=wrong,
        trial=trial,
        saved="" if wrong else request.query_params.get("saved", ""),
        made=request.query_params.get("made") == "1" and wrong is None and trial is None,
    )
