"""An environment for a test that moves channels, deprecates and removes: its images are those of python-data."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .people import admin_of, call_hub
from .platform import Platform, docker

_OF = "python-data"
_VERSIONS = {
    "1": "2026.10.1",
    "2": "2026.12.1",
}  # other tests put further ones on record, whose images go again


@dataclass(frozen=True)
class Spare:
    """An environment with the versions `1` (stable) and `2`, each with an image of its own."""

    platform: Platform
    name: str
    digests: dict[str, str]

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """As an admin, below /environments/NAME."""
        runs = admin_of(self.platform).runs
        return runs.ask(method, f"/environments/{self.name}{path}", json=body or None)

    def promote(self, version: str, channel: str = "stable") -> None:
        """Point a channel at a version."""
        self.ask("POST", f"/channels/{channel}", version=version)

    def only_for(self, *groups: str) -> None:
        """Say which groups it is for; none: everybody."""
        self.ask("POST", "/groups", groups=list(groups))


@contextmanager
def spare_environment(platform: Platform) -> Iterator[Spare]:
    """Put one on record; afterwards nobody but admins sees it. What has kept results cannot be removed."""
    listed = admin_of(platform).runs.ask("GET", "/environments")["environments"]
    images = next(each["versions"] for each in listed if each["name"] == _OF)
    name = f"spare-{secrets.token_hex(3)}"
    by_version = {str(each["version"]): str(each["digest"]) for each in images}
    digests = {mine: by_version[theirs] for mine, theirs in _VERSIONS.items()}
    entries = [
        {
            "image": f"{name}:{version}",
            "digest": digest,
            "spec": {
                "name": name,
                "version": version,
                "title": "Spare",
                "kernels": [{"name": "python3", "display_name": "Python 3", "language": "python"}],
                "channel": "stable" if version == "1" else None,
            },
        }
        for version, digest in digests.items()
    ]
    command = ("exec", "-i", platform.service("worker"), "python", "-m", "nightdesk.server.register")
    said = docker(*command, stdin=json.dumps(entries).encode())
    assert said.count("registered") == 2, said
    spare = Spare(platform, name, digests)
    try:
        yield spare
    finally:
        spare.only_for(f"nobody-{name}")


@contextmanager
def group(platform: Platform, name: str) -> Iterator[Group]:
    """A group of the hub, without anybody at first."""
    made = call_hub(platform, platform.setup_token, "POST", f"/groups/{name}", {})
    assert made.status_code in {201, 409}, made.text
    try:
        yield Group(platform, name)
    finally:
        call_hub(platform, platform.setup_token, "DELETE", f"/groups/{name}")


@dataclass(frozen=True)
class Group:
    """A group and who is in it."""

    platform: Platform
    name: str

    def take_in(self, person: str) -> None:
        """Make somebody a member."""
        self._change("POST", person)

    def let_go(self, person: str) -> None:
        """Make somebody a member no longer."""
        self._change("DELETE", person)

    def _change(self, method: str, person: str) -> None:
        path = f"/groups/{self.name}/users"
        answer = call_hub(self.platform, self.platform.setup_token, method, path, {"users": [person]})
        assert answer.status_code == 200, answer.text
