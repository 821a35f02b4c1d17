"""The REST routes of groups and of what they decide. For admins, with their own token at the hub."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.domain.policy import Kind, Policy, Reach
from nightdesk.server.ports.groups import Group
from nightdesk.server.services.directory import change_of, said_limits
from nightdesk.server.web.auth import Admin, Platform, Token, admin, the_hub
from nightdesk.server.web.paths import API

router = APIRouter(prefix=API, tags=["groups"], dependencies=[Depends(admin)])
for_the_hub = APIRouter(prefix=API, tags=["platform"], dependencies=[Depends(the_hub)])


class NewGroup(BaseModel):
    """A group to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)


class Named(BaseModel):
    """People."""

    model_config = ConfigDict(extra="forbid")

    people: list[str] = Field(min_length=1, max_length=500)


class PolicyWords(BaseModel):
    """What to say anew; what is left out stays as it is, null is decided elsewhere."""

    model_config = ConfigDict(extra="forbid")

    read: Reach | None = None
    cancel: Reach | None = None
    sizes: list[str] | None = Field(default=None, max_length=100)
    limits: dict[str, float | str | None] | None = None
    together: int | None = None


@router.get("/groups")
def list_groups(platform: Platform, token: Token) -> dict[str, Any]:
    """All groups, with members and what they decide."""
    return {"groups": [group_json(group, policy) for group, policy in platform.directory.listed(token)]}


@router.post("/groups", status_code=201)
def make_group(platform: Platform, token: Token, wanted: NewGroup) -> dict[str, Any]:
    """A new group."""
    return group_json(*platform.directory.make(token, wanted.name))


@router.get("/groups/{name:path}")
def show_group(platform: Platform, token: Token, name: str) -> dict[str, Any]:
    """One group."""
    return group_json(*platform.directory.group(token, name))


@router.post("/groups/{name:path}/members")
def join_group(platform: Platform, token: Token, name: str, wanted: Named) -> dict[str, Any]:
    """Put people into a group."""
    return group_json(*platform.directory.join(token, name, wanted.people))


@router.delete("/groups/{name:path}/members")
def leave_group(platform: Platform, token: Token, name: str, wanted: Named) -> dict[str, Any]:
    """Take people out of a group; it takes effect at once."""
    return group_json(*platform.directory.leave(token, name, wanted.people))


@router.delete("/groups/{name:path}")
def remove_group(platform: Platform, token: Token, name: str) -> dict[str, Any]:
    """Take a group away, with what it decides."""
    platform.directory.remove(token, name)
    return {"removed": name}


@router.get("/policies")
def list_policies(platform: Platform) -> dict[str, Any]:
    """All that is said about everybody, groups and people; below it stands what ``runs.limits`` says."""
    return {"policies": [policy_json(policy) for policy in platform.records.policies()]}


@router.get("/policies/{kind}/{name:path}")
def show_policy(platform: Platform, kind: Kind, name: str) -> dict[str, Any]:
    """What is said about a group or a person; of everybody the name is `all`."""
    return policy_json(platform.directory.policy(kind, "" if kind is Kind.EVERYBODY else name))


@router.patch("/policies/{kind}/{name:path}")
def change_policy(platform: Platform, by: Admin, kind: Kind, name: str, words: PolicyWords) -> dict[str, Any]:
    """Say something anew about a group or a person; of everybody the name is `all`."""
    said = words.model_dump(exclude_unset=True)
    return policy_json(platform.directory.change_policy(by, kind, name, change_of(said)))


@for_the_hub.post("/people/changed")
def people_changed(request: Request, platform: Platform, user: str = "") -> dict[str, Any]:
    """The hub has changed somebody, empty: anybody: groups, rights or tokens. Only the hub says so."""
    platform.directory.told([user])
    request.app.state.sessions.wake()
    return {"user": user}


def group_json(group: Group, policy: Policy) -> dict[str, Any]:
    """A group with what it decides."""
    said = policy_json(policy)
    return {
        "name": group.name,
        "members": list(group.members),
        "provider": group.provider or None,
        "policy": said,
    }


def policy_json(policy: Policy) -> dict[str, Any]:
    """A policy; limits that it says nothing about are left out."""
    return {
        "kind": policy.kind.value,
        "name": policy.name,
        "read": policy.read.value,
        "cancel": policy.cancel.value,
        "sizes": None if policy.sizes is None else list(policy.sizes),
        "limits": said_limits(policy),
        "together": policy.together,
    }
