"""The ports ``Workshop`` and ``Repositories`` in memory.

What a Dockerfile says decides: one with ``RUN false`` cannot be built, one with ``RUN sleep`` goes on until it
is stopped, and one that stands on another image than the platform's base does not pass its trial.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from nightdesk.server.domain.environment import Layer
from nightdesk.server.ports.builder import BuildFailed, ImageSeen, Interrupted, Order, Say

PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
_LONGEST_SLEEP = 30.0


class MemoryWorkshop:
    """Images as names: each ID with its names, and whether it passes."""

    def __init__(self) -> None:
        self.images: dict[str, set[str]] = {}
        self.passing: set[str] = set()
        self.in_use: set[str] = set()
        self.registry: dict[str, bool] = {}  # what can be pulled, and whether it passes
        self.looked_through: list[str] = []
        self.built = 0
        self.arguments: dict[str, str] = {}  # of the last image that was made
        self.report: dict[str, Any] = {
            "packages": [{"name": "tabulate", "version": "0.10.0", "kind": "python"}],
            "kernels": [PYTHON],
            "contract": 1,
            "lock": "tabulate==0.10.0 \\\n    --hash=sha256:00\n",
        }

    def make(self, order: Order, say: Say, stop: Event) -> str:
        text = (order.folder / "Dockerfile").read_text("utf-8")
        say("#1 building\n")
        if "RUN false" in text:
            say("ERROR: No matching distribution found for nothing\n")
            raise BuildFailed("the image could not be built", "The log says which step failed, and why.")
        if "RUN sleep" in text and stop.wait(_LONGEST_SLEEP):
            raise Interrupted
        self.built += 1
        self.arguments = dict(order.arguments)
        return self.add(f"{text}{sorted(order.labels.items())}", passes="${BASE}" in text)

    def add(self, content: str, *names: str, passes: bool = True) -> str:
        """An image of this content is here; its ID."""
        image = "sha256:" + hashlib.sha256(content.encode()).hexdigest()
        self.images.setdefault(image, set()).update(names)
        if passes:
            self.passing.add(image)
        return image

    def try_out(self, image: str, name: str, kit: bytes, say: Say, stop: Event) -> dict[str, Any]:
        del name, kit
        if stop.is_set():
            raise Interrupted
        if image not in self.passing:
            say("FAILED single-user server (0.0 s): the image has no jupyterhub-singleuser\n")
            raise BuildFailed(
                "the image does not pass: single-user server: the image has no jupyterhub-singleuser"
            )
        say("ok     single-user server (1.0 s): 6.1.1\n")
        return self.report

    def look(self, reference: str) -> ImageSeen | None:
        for image, names in self.images.items():
            if reference in {image, *names}:
                return ImageSeen(image, 1000, (Layer("sha256:base", 900), Layer(f"layer-{image[7:19]}", 100)))
        return None

    def pull(self, reference: str, say: Say, stop: Event) -> None:
        del stop
        if reference not in self.registry:
            raise BuildFailed(f"{reference} cannot be had: not found")
        say(f"Pulled {reference}\n")
        self.add(reference, reference, passes=self.registry[reference])

    def name(self, image: str, environment: str, version: str) -> str:
        name = f"nightdesk/{environment}:{version}"
        for names in self.images.values():
            names.discard(name)
        self.images[image].add(name)
        self.hold({image: environment})
        return name

    def look_through(self, reference: str, stop: Event) -> None:
        del stop
        self.looked_through.append(reference)

    def held_as(self, image: str) -> str | None:
        return f"held:{image[7:19]}" if image in self.images else None

    def base(self) -> ImageSeen | None:
        return ImageSeen("sha256:of-the-base", 900, (Layer("sha256:base", 900),))

    def hold(self, images: Mapping[str, str]) -> None:
        for image in images:
            if image in self.images:
                self.images[image].add("nightdesk/held:memory")

    def discard(self, image: str, environment: str) -> bool:
        names = self.images.get(image)
        if names is None:
            return True
        if image in self.in_use:
            return False
        ours = {name for name in names if name.startswith((f"nightdesk/{environment}:", "nightdesk/held:"))}
        names -= ours
        if not names:
            del self.images[image]
        return True

    def forget(self, name: str) -> None:
        """There is nothing meanwhile."""


class MemoryRepositories:
    """Repositories as files: address → name → content. Every ref is the same commit."""

    COMMIT = "4f2a" * 10

    def __init__(self, files: Mapping[str, Mapping[str, str]]) -> None:
        self._files = files

    def fetch(self, address: str, ref: str, into: Path, say: Say, stop: Event) -> str:
        del ref, stop
        say(f"Fetching {address}\n")
        if address not in self._files:
            raise BuildFailed("the repository could not be fetched: not found")
        for name, content in self._files[address].items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_text(content, "utf-8")
        return self.COMMIT
