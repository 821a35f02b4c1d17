"""Environments and builds of the platform's double: versions that can be moved about, builds written by the test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .platform_double import Platform

DIGEST = "sha256:" + "1" * 64


class Catalogue:
    """`versions` by NAME:VERSION, the newest first; `builds` by id, the oldest first."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.changes: list[dict[str, Any]] = []  # of any comparison
        self.builds: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, list[str]] = {}

    def add(self, label: str, *channels: str, **fields: Any) -> dict[str, Any]:
        """A version, older than those that are there."""
        name, _, version = label.partition(":")
        self.versions[label] = {
            "environment": name,
            "version": version,
            "digest": DIGEST,
            "channels": list(channels),
            "kernels": [{"name": "python3", "display_name": "Python 3", "language": "python"}],
            "default": "stable" in channels,
            "created_at": "2026-11-22T16:12:00Z",
            "offer": "offered",
            "size_bytes": 1_200_000_000,
            "title": "Data in Python",
            "description": "What most need.",
            "groups": [],
            "image": f"nightdesk/{label}",
            "contract": 1,
            "origin": {
                "source": "git https://git.example.org/env.git at 4f2a",
                "built_by": "ada",
                "build_id": "b-k7m2x9qh4t",
                "recipe_sha256": "9f",
                "has_lock": True,
            },
            "packages": [{"name": "numpy", "version": "2.3.1", "kind": "python"}],
            "use": {
                "sessions": [{"person": "ben", "name": "", "started_at": None}],
                "sessions_total": 1,
                "runs_total": 12,
                "runs_alive": 2,
                "last_run_at": "2026-11-22T16:12:00Z",
                "held_by": ["it is stable"],
            },
            "url": f"http://x/environments/{name}/{version}",
            **fields,
        }
        self.events.setdefault(name, [])
        return self.versions[label]

    def add_build(self, build_id: str = "b-1", **fields: Any) -> dict[str, Any]:
        """A build that was asked for."""
        self.builds[build_id] = {
            "id": build_id,
            "kind": "requirements",
            "status": "queued",
            "reason": None,
            "environment": "tables",
            "version": "2026.11.1",
            "title": "",
            "description": "",
            "source": "",
            "ref": "",
            "folder": "",
            "channel": None,
            "digest": None,
            "requested_by": "ada",
            "cancelled_by": None,
            "created_at": "2026-11-22T16:12:00Z",
            "started_at": None,
            "finished_at": None,
            "url": f"http://x/environments/builds/{build_id}",
            **fields,
        }
        return self.builds[build_id]

    def listed(self, everything: bool) -> list[dict[str, Any]]:
        """The environments as the list has them."""
        found: dict[str, dict[str, Any]] = {}
        for version in self.versions.values():
            if everything or version["offer"] == "offered":
                fields = {key: version[key] for key in ("title", "description")}
                groups = self.groups.get(version["environment"], [])
                new = {"name": version["environment"], **fields, "groups": groups, "versions": []}
                found.setdefault(version["environment"], new)["versions"].append(version)
        return list(found.values())


def catalogue(
    one: Catalogue, method: str, path: list[str], query: dict[str, str], body: Any
) -> tuple[int, Any]:
    """Status and answer of a route below /environments."""
    match (method, *path):
        case ("GET",):
            return 200, {"environments": one.listed(query.get("all") == "true")}
        case ("GET", "compare"):
            return 200, {**query, "changes": one.changes}
        case (_, "cleaning"):
            return 200, _cleaning(one, done=method == "POST")
        case ("GET", name, "events"):
            return 200, {"events": one.events[name]}
        case ("POST", name, "groups"):
            one.groups[name] = body["groups"]
            return 200, {"name": name, "groups": body["groups"]}
        case ("POST", name, "channels", channel):
            return 200, _move(one, name, channel, body["version"])
        case ("POST", name, "channels", channel, "rollback"):
            return 200, _move(one, name, channel, "1")
        case (_, name, version, *_) if f"{name}:{version}" not in one.versions:
            return 404, {
                "error": {"code": "not_found", "message": f"there is no version {version!r}", "hint": None}
            }
        case ("GET", name, version):
            return 200, one.versions[f"{name}:{version}"]
        case ("GET", _, _, "lock"):
            return 200, b"numpy==2.3.1\n"
        case ("POST", name, version, what):
            words = {"deprecate": "deprecated", "offer": "offered", "remove": "removed"}
            one.versions[f"{name}:{version}"]["offer"] = words[what]
            return 200, one.versions[f"{name}:{version}"]
    raise AssertionError(f"{method} {path} is not in the double")


def builds(platform: Platform, method: str, path: list[str], query: dict[str, str]) -> tuple[int, Any]:
    """Status and answer of a route below /builds; the form of a request for one was the last to come."""
    there = platform.catalogue.builds
    match (method, *path):
        case ("POST",):
            build_id = f"b-{len(there) + 1}"
            return 201, platform.catalogue.add_build(
                build_id, **json.loads(platform.forms[-1]["request"].content)
            )
        case ("GET",):
            found = list(reversed(there.values()))
            begin = int(query.get("before", "0"))
            end = begin + min(int(query["limit"]), 3)  # small pages, so that there are several
            return 200, {"builds": found[begin:end], "next": str(end) if end < len(found) else None}
        case (_, build_id, *_) if build_id not in there:
            return 404, {
                "error": {"code": "not_found", "message": f"there is no build {build_id!r}", "hint": None}
            }
        case ("GET", build_id):
            return 200, there[build_id]
        case ("GET", build_id, "log"):
            return 200, "".join(
                data["text"] for kind, data in platform.events[build_id] if kind == "log"
            ).encode()
        case ("POST", build_id, "cancel"):
            if there[build_id]["status"] == "queued":
                there[build_id]["status"] = "cancelled"
            return 200, there[build_id]
    raise AssertionError(f"{method} {path} is not in the double")


def _move(one: Catalogue, name: str, channel: str, version: str) -> dict[str, Any]:
    before = None
    for each in one.versions.values():
        if each["environment"] == name and channel in each["channels"]:
            before = each["version"]
            each["channels"].remove(channel)
    one.versions[f"{name}:{version}"]["channels"].append(channel)
    return {"environment": name, "channel": channel, "before": before, "version": version}


def _cleaning(one: Catalogue, done: bool) -> dict[str, Any]:
    go = [version for version in one.versions.values() if version["offer"] == "deprecated"]
    stay = [version for version in one.versions.values() if version["offer"] == "offered"]
    if done:
        for version in go:
            version["offer"] = "removed"
    keys = ("environment", "version", "digest", "size_bytes", "created_at")
    return {
        "done": done,
        "remove": [{key: version[key] for key in keys} for version in go],
        "keep": [
            {"environment": each["environment"], "version": each["version"], "why": "it is on offer"}
            for each in stay
        ],
        "frees_bytes": sum(version["size_bytes"] for version in go) // 2,
    }
