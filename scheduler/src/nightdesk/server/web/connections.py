"""The REST routes of connections: admins keep them, and code is handed what it opens them with."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.domain.audit import Entry
from nightdesk.server.domain.connection import Connection, Grant, held_to
from nightdesk.server.domain.connection_kind import ConnectionKind, example_of
from nightdesk.server.domain.errors import NotAllowed
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run_token import Attempt
from nightdesk.server.services.connection_tests import ask, wait_for
from nightdesk.server.services.connections import Draft, Rewording
from nightdesk.server.services.finish import iso
from nightdesk.server.web.auth import Admin, Platform, SignedIn, admin, by_token, run_of
from nightdesk.server.web.paths import API

router = APIRouter(prefix=API, tags=["connections"])
_KEPT = [Depends(admin)]
_RUN = re.compile(r"by run (\S+), attempt (\d+)")


class NewConnection(BaseModel):
    """A connection to be made. Which settings and secrets there are goes by the kind."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
    kind: ConnectionKind
    title: str = Field(default="", max_length=255)
    description: str = ""
    read_only: bool | None = Field(
        default=None, description="left out: what is a place of the machine is read-only"
    )
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, Any] = Field(default_factory=dict)


class ConnectionWords(BaseModel):
    """What to say anew; what is left out stays as it is, a setting that is null is taken out."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(default=None, max_length=255)
    description: str | None = None
    read_only: bool | None = None
    settings: dict[str, Any] | None = None
    secrets: dict[str, Any] | None = Field(default=None, description="those of the same names are replaced")


class Secrets(BaseModel):
    """New secrets; those that are not named stay, an empty one is taken out."""

    model_config = ConfigDict(extra="forbid")

    secrets: dict[str, Any]


class Whom(BaseModel):
    """Everybody, a group or a person."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: str = Field(default="", max_length=255)


class NewGrant(Whom):
    """Who is to use it; ``write`` is more than reading."""

    write: bool = False


@router.get("/connections")
def list_connections(
    platform: Platform,
    person: SignedIn,
    everything: Annotated[bool, Query(alias="all", description="all there are, for admins")] = False,
) -> dict[str, Any]:
    """What one may use; for admins all of them, with who may use them."""
    if not everything:
        return {"connections": [_for_use(*each, person.admin) for each in platform.vault.mine(person)]}
    if not person.admin:
        raise NotAllowed("only admins see all connections", "Leave out all.")
    return {"connections": [whole(*each) for each in platform.vault.mine(person)]}


@router.post("/connections", status_code=201)
def make_connection(platform: Platform, by: Admin, wanted: NewConnection) -> dict[str, Any]:
    """A new connection. Nobody but admins may use it before it is granted."""
    return whole(platform.vault.make(by, Draft(**wanted.model_dump())))


@router.post("/connections/reseal")
def reseal(platform: Platform, by: Admin) -> dict[str, Any]:
    """Seal everything under the newest key. After that an older one may be taken out of `config/.env`."""
    return {"resealed": platform.vault.reseal(by)}


@router.get("/connections/{name}")
def show_connection(platform: Platform, person: SignedIn, name: str) -> dict[str, Any]:
    """One that one may use; for admins with who may use it."""
    connection, writes = platform.vault.seen(person, name)
    return whole(connection, writes) if person.admin else _for_use(connection, writes, False)


@router.patch("/connections/{name}", dependencies=_KEPT)
def change_connection(platform: Platform, by: Admin, name: str, words: ConnectionWords) -> dict[str, Any]:
    """Say something anew about a connection; secrets that are not named stay."""
    return whole(platform.vault.change(by, name, Rewording(**words.model_dump())))


@router.delete("/connections/{name}", dependencies=_KEPT)
def remove_connection(platform: Platform, by: Admin, name: str) -> dict[str, Any]:
    """Take a connection away, with its secrets."""
    platform.vault.remove(by, name)
    return {"removed": name}


@router.post("/connections/{name}/grants")
def grant_connection(platform: Platform, by: Admin, name: str, wanted: NewGrant) -> dict[str, Any]:
    """Let somebody use it."""
    return whole(platform.vault.grant(by, name, Grant(wanted.kind, wanted.name, wanted.write)))


@router.delete("/connections/{name}/grants")
def revoke_connection(platform: Platform, by: Admin, name: str, wanted: Whom) -> dict[str, Any]:
    """Take it from somebody: their next use is refused."""
    return whole(platform.vault.revoke(by, name, Grant(wanted.kind, wanted.name)))


@router.post("/connections/{name}/rotate")
def rotate_connection(platform: Platform, by: Admin, name: str, wanted: Secrets) -> dict[str, Any]:
    """Put new secrets into the place of the old ones."""
    return whole(platform.vault.rotate(by, name, wanted.secrets))


@router.post("/connections/{name}/test")
def test_connection(platform: Platform, by: Admin, name: str) -> dict[str, Any]:
    """Try it from where runs are, step by step; it takes up to a minute."""
    return dict(wait_for(platform.records, ask(platform.vault, platform.handing_over, by, name)))


@router.get("/connections/{name}/uses", dependencies=_KEPT)
def connection_uses(
    platform: Platform, name: str, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> dict[str, Any]:
    """Who used it, newest first."""
    return {"uses": [_use_json(entry) for entry in platform.vault.uses(name, limit)]}


@router.post("/connections/{name}/use", dependencies=[Depends(by_token)])
def use_connection(request: Request, platform: Platform, person: SignedIn, name: str) -> Response:
    """What code opens the connection with, secrets as well: by token alone, and each time on record."""
    attempt: Attempt | None = run_of(request)
    connection, handed = platform.vault.use(person, name, attempt)
    document = {
        "name": connection.name,
        "kind": connection.kind.value,
        "read_only": handed.read_only,
        "settings": dict(handed.settings),
        "secrets": dict(handed.secrets),
        "place": connection.place,
    }
    return JSONResponse(document, headers={"Cache-Control": "no-store"})


def _for_use(connection: Connection, writes: bool, full: bool) -> dict[str, Any]:
    """What somebody may know who may use it; settings are for admins."""
    said: dict[str, Any] = {
        "name": connection.name,
        "kind": connection.kind.value,
        "title": connection.title,
        "description": connection.description,
        "read_only": connection.read_only,
        "write": writes,
        "held_to_reading_by": held_to(connection, writes),
        "example": example_of(connection.kind, connection.name),
        "place": connection.place,
    }
    return said | {"settings": dict(connection.settings)} if full else said


def whole(connection: Connection, writes: bool | None = None) -> dict[str, Any]:
    """Everything about it but the secrets, of which there are the names."""
    writes = not connection.read_only if writes is None else writes
    return _for_use(connection, writes, True) | {
        "secrets": list(connection.secret_names),
        "grants": [
            {"kind": grant.kind.value, "name": grant.name, "write": grant.write}
            for grant in connection.grants
        ],
        "created_at": iso(connection.created_at),
        "created_by": connection.created_by,
        "changed_at": iso(connection.changed_at),
        "changed_by": connection.changed_by,
        "last_used_at": iso(connection.last_used_at),
    }


def _use_json(entry: Entry) -> dict[str, Any]:
    found = _RUN.search(entry.words)
    return {
        "at": iso(entry.at),
        "by": entry.by,
        "run": found[1] if found else None,
        "attempt": int(found[2]) if found else None,
        "address": entry.address,
        "words": entry.words,
    }
