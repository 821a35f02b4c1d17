"""The REST routes around runs: who am I, what is there to choose from, is the platform well."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.environment import offered
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.use import Held
from nightdesk.server.services.allowance import default_size, sizes_for
from nightdesk.server.services.doctor import examine
from nightdesk.server.web.auth import Admin, Platform, SignedIn, the_hub
from nightdesk.server.web.paths import API
from nightdesk.server.web.shapes import environments_json, sizes_json

router = APIRouter(prefix=API, tags=["platform"])


@router.get("/health")
def health() -> dict[str, str]:
    """The service answers. For anybody."""
    return {"status": "ok", "version": version("nightdesk")}


@router.get("/user")
def user(person: SignedIn) -> dict[str, Any]:
    """Who the token belongs to."""
    return {"name": person.name, "admin": person.admin, "groups": list(person.groups)}


@router.get("/sizes")
def sizes(platform: Platform, person: SignedIn) -> dict[str, Any]:
    """The sizes that the person may choose from."""
    return {"sizes": _sizes(platform, person)}


@router.get("/offers", dependencies=[Depends(the_hub)])
def offers(
    platform: Platform,
    user: str,
    group: Annotated[list[str] | None, Query(description="the person's groups, one each time")] = None,
    admin: bool = False,
) -> dict[str, Any]:
    """What a person may start a server with. Only the hub asks, and says what it knows of the person."""
    person = platform.policies.with_rights(Person(user, admin, tuple(group or ())))
    runs = platform.records.in_use(user).get((user, "run"), Held())
    home = platform.records.home(user)
    return {
        "user": user,
        "environments": environments_json(offered(platform.records.versions(), person)),
        "sizes": _sizes(platform, person),
        "limits": {limit.value: value for limit, value in person.rights.limits.items()},
        "places": [place.as_json() for place in platform.vault.places(person)],
        "in_use": {
            "run_cpus": runs.cpus,
            "run_memory_bytes": runs.memory_bytes,
            "home_bytes": None if home is None else home.bytes,
        },
    }


def _sizes(platform: WebPlatform, person: Person) -> list[dict[str, Any]]:
    theirs = sizes_for(person, platform.settings)
    return sizes_json(theirs, default_size(person, platform.settings))


@router.get("/doctor")
def doctor(platform: Platform, _admin: Admin) -> dict[str, Any]:
    """Is the platform well? For admins."""
    shut = platform.vault.keys_missing
    found = examine(platform.records, platform.store, platform.bell, platform.egress, shut)
    return {"checks": [asdict(check) for check in found]}
