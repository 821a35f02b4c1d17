"""The JSON of environments' lives and of builds, as docs/api.md has it."""

from __future__ import annotations

from typing import Any

from nightdesk.config import Settings
from nightdesk.server.domain.build import Build
from nightdesk.server.domain.channel import Event
from nightdesk.server.domain.environment import PackageChange, Version
from nightdesk.server.domain.person import Person
from nightdesk.server.services.environments import Cleaning, Use
from nightdesk.server.services.finish import iso
from nightdesk.server.web.paths import BASE
from nightdesk.server.web.shapes import version_json


def named_json(version: Version, default: bool) -> dict[str, Any]:
    """A version that stands alone: with the name of its environment."""
    return {"environment": version.environment, **version_json(version, default)}


def whole_json(
    version: Version, default: bool, use: Use, person: Person, settings: Settings
) -> dict[str, Any]:
    """Everything that is known of a version; the lock's text has an address of its own."""
    origin = version.origin
    return {
        **named_json(version, default),
        "title": version.title,
        "description": version.description,
        "groups": list(version.groups),
        "image": version.image,
        "contract": version.contract,
        "origin": {
            "source": origin.source,
            "built_by": origin.built_by,
            "build_id": origin.build_id,
            "recipe_sha256": origin.recipe_sha256,
            "has_lock": bool(origin.lock),
        },
        "packages": [
            {"name": package.name, "version": package.version, "kind": package.kind}
            for package in version.packages
        ],
        "use": use_json(version, use, person),
        "url": f"{settings.public_url}{BASE}/environments/{version.environment}/{version.version}",
    }


def use_json(version: Version, use: Use, person: Person) -> dict[str, Any]:
    """Who and what uses a version. Whose sessions they are is told to admins; others see their own."""
    return {
        "sessions": [
            {"person": session.person, "name": session.name, "started_at": iso(session.started_at)}
            for session in use.sessions
            if person.admin or session.person == person.name
        ],
        "sessions_total": len(use.sessions),
        "runs_total": use.runs.total,
        "runs_alive": use.runs.alive,
        "last_run_at": iso(use.runs.last_at),
        "held_by": use.reasons(version) if person.admin else [],
    }


def event_json(event: Event) -> dict[str, Any]:
    """One line of an environment's history."""
    return {
        "at": iso(event.at),
        "by": event.by,
        "action": event.action.value,
        "version": event.version,
        "channel": event.channel,
        "before": event.before,
        "words": event.words,
    }


def comparison_json(before: str, after: str, changes: list[PackageChange]) -> dict[str, Any]:
    """What differs in the packages of two versions."""
    return {
        "before": before,
        "after": after,
        "changes": [
            {"name": change.name, "kind": change.kind, "before": change.before, "after": change.after}
            for change in changes
        ],
    }


def cleaning_json(cleaning: Cleaning, done: bool) -> dict[str, Any]:
    """What a clean-up would do, or has done."""
    return {
        "done": done,
        "remove": [
            {
                "environment": version.environment,
                "version": version.version,
                "digest": version.digest,
                "size_bytes": version.size_bytes,
                "created_at": iso(version.created_at),
            }
            for version in cleaning.remove
        ],
        "keep": [
            {"environment": version.environment, "version": version.version, "why": why}
            for version, why in cleaning.keep
        ],
        "frees_bytes": cleaning.frees_bytes,
    }


def build_json(build: Build, settings: Settings) -> dict[str, Any]:
    """A build as it is on record."""
    return {
        "id": build.id,
        "kind": build.kind.value,
        "status": build.status.value,
        "reason": build.reason,
        "environment": build.environment,
        "version": build.version,
        "title": build.title,
        "description": build.description,
        "source": build.source,
        "ref": build.ref,
        "folder": build.folder,
        "channel": build.channel,
        "digest": build.digest,
        "requested_by": build.requested_by,
        "cancelled_by": build.cancelled_by,
        "created_at": iso(build.created_at),
        "started_at": iso(build.started_at),
        "finished_at": iso(build.finished_at),
        "url": f"{settings.public_url}{BASE}/environments/builds/{build.id}",
    }
