"""The REST routes of environments: what there is, and what admins do with it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.environment import Offer, Version, default_of, is_for, offered, runnable
from nightdesk.server.domain.errors import NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.services import environments as life
from nightdesk.server.web.auth import Admin, Platform, SignedIn
from nightdesk.server.web.catalogue_shapes import (
    cleaning_json,
    comparison_json,
    event_json,
    named_json,
    whole_json,
)
from nightdesk.server.web.paths import API
from nightdesk.server.web.shapes import environments_json

router = APIRouter(prefix=f"{API}/environments", tags=["environments"])
Label = Annotated[str, Query(max_length=200, description="NAME:VERSION")]


class Promotion(BaseModel):
    """Which version a channel is to point at."""

    model_config = ConfigDict(extra="forbid")

    version: str


class OfferedTo(BaseModel):
    """Who an environment is for; empty: everybody."""

    model_config = ConfigDict(extra="forbid")

    groups: list[str]


@router.get("")
def environments(platform: Platform, person: SignedIn, all: bool = False) -> dict[str, Any]:
    """Environments and their versions, newest first; with ``all`` deprecated and removed ones as well."""
    versions = platform.records.versions()
    choice = runnable(versions, person) if all else offered(versions, person)
    return {"environments": environments_json(choice)}


@router.get("/compare")
def compare(platform: Platform, person: SignedIn, before: Label, after: Label) -> dict[str, Any]:
    """Which packages were added, removed and changed from one version to another."""
    return comparison_json(before, after, life.differences(platform.records, person, before, after))


@router.get("/cleaning")
def plan_cleaning(platform: Platform, _admin: Admin) -> dict[str, Any]:
    """What a clean-up would remove and what it would free, what stays and why. For admins."""
    return cleaning_json(life.plan_cleaning(platform.records, platform.people), done=False)


@router.post("/cleaning")
def clean(platform: Platform, admin: Admin) -> dict[str, Any]:
    """Remove deprecated versions that nothing needs. For admins."""
    return cleaning_json(life.clean(platform.records, platform.people, admin), done=True)


@router.get("/{name}/events")
def events(platform: Platform, person: SignedIn, name: str) -> dict[str, Any]:
    """What was ever done to the environment, newest first."""
    of_name = [version for version in platform.records.versions() if version.environment == name]
    if not of_name or not is_for(of_name[0], person):
        raise NotFound(f"there is no environment '{name[:60]}'", "List them: `nightdesk env list`.")
    return {"events": [event_json(event) for event in platform.records.environment_events(name)]}


@router.post("/{name}/groups")
def set_groups(platform: Platform, admin: Admin, name: str, wanted: OfferedTo) -> dict[str, Any]:
    """Say which groups the environment is for; none: everybody. For admins."""
    life.set_groups(platform.records, admin, name, wanted.groups)
    (groups,) = {version.groups for version in platform.records.versions() if version.environment == name}
    return {"name": name, "groups": list(groups)}


@router.post("/{name}/channels/{channel}")
def promote(platform: Platform, admin: Admin, name: str, channel: str, wanted: Promotion) -> dict[str, Any]:
    """Point a channel at a version: new sessions and runs get it from now on. For admins."""
    before = life.promote(platform.records, admin, name, wanted.version, channel)
    return _moved(name, channel, before, wanted.version)


@router.post("/{name}/channels/{channel}/rollback")
def roll_back(platform: Platform, admin: Admin, name: str, channel: str) -> dict[str, Any]:
    """Take the last promotion back. For admins."""
    return _moved(name, channel, *life.roll_back(platform.records, admin, name, channel))


@router.get("/{name}/{version}")
def show_version(platform: Platform, person: SignedIn, name: str, version: str) -> dict[str, Any]:
    """One version: what is in it, where it comes from, who and what uses it."""
    found = life.seen(platform.records, person, name, version)
    use = life.use_of(platform.records, platform.people, found)
    return whole_json(found, _is_default(platform, person, found), use, person, platform.settings)


@router.get("/{name}/{version}/lock", response_class=PlainTextResponse)
def lock(platform: Platform, person: SignedIn, name: str, version: str) -> str:
    """The file that pins the version's packages, as text."""
    found = life.seen(platform.records, person, name, version)
    if not found.origin.lock:
        raise NotFound(
            f"no lock of {found.label} is on record", "It came as an image that was made elsewhere."
        )
    return found.origin.lock


@router.post("/{name}/{version}/deprecate")
def deprecate(platform: Platform, admin: Admin, name: str, version: str) -> dict[str, Any]:
    """Hide the version from new sessions; it can still be named for a run. For admins."""
    return _offer(platform, admin, name, version, Offer.DEPRECATED)


@router.post("/{name}/{version}/offer")
def offer(platform: Platform, admin: Admin, name: str, version: str) -> dict[str, Any]:
    """Offer a deprecated version again. For admins."""
    return _offer(platform, admin, name, version, Offer.OFFERED)


@router.post("/{name}/{version}/remove")
def remove(platform: Platform, admin: Admin, name: str, version: str) -> dict[str, Any]:
    """Remove a version that nothing needs; its image goes within a minute or so. For admins."""
    removed = life.remove(platform.records, platform.people, admin, name, version)
    return named_json(removed, default=False)


def _offer(platform: WebPlatform, admin: Person, name: str, version: str, wanted: Offer) -> dict[str, Any]:
    changed = platform.records.set_offer(name, version, wanted, admin.name)
    return named_json(changed, _is_default(platform, admin, changed))


def _moved(name: str, channel: str, before: str, after: str) -> dict[str, Any]:
    return {"environment": name, "channel": channel, "before": before or None, "version": after}


def _is_default(platform: WebPlatform, person: Person, version: Version) -> bool:
    mine = offered(platform.records.versions(), person)
    default = default_of([each for each in mine if each.environment == version.environment])
    return default is not None and default.version == version.version
