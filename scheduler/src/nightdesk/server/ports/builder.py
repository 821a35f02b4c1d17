"""What building needs: a workshop that makes and tries images, and a way to fetch git repositories."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nightdesk.server.domain.environment import Layer
from nightdesk.server.domain.errors import NightdeskError

Say = Callable[[str], None]  # takes a piece of the log, with its line ends


class BuildFailed(NightdeskError):
    """What was asked for makes no image that people can use; the words say why."""


class Interrupted(Exception):
    """The build was told to stop."""


@dataclass(frozen=True, slots=True)
class Order:
    """An image to be made: the folder with its Dockerfile, and what is noted on the image."""

    folder: Path
    name: str  # for what is there only meanwhile; the build's id
    labels: Mapping[str, str]
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """An image as the engine has it. ``bytes`` is what it takes on disk."""

    id: str
    bytes: int
    layers: tuple[Layer, ...]


class Workshop(Protocol):
    """The engine, as builds and clean-up use it. Every method raises ``EngineError`` when it refuses."""

    def make(self, order: Order, say: Say, stop: threading.Event) -> str:
        """Make the image; its ID.

        Raises:
            BuildFailed: a step failed; the log says which.
            Interrupted: ``stop`` was set.
        """

    def try_out(self, image: str, name: str, kit: bytes, say: Say, stop: threading.Event) -> dict[str, Any]:
        """Run the preflight program in the image; its report.

        Raises:
            BuildFailed: the image does not pass; the words say what is wrong with it.
            Interrupted: ``stop`` was set.
        """

    def look(self, reference: str) -> ImageSeen | None:
        """The image of this name or ID; None where there is none here."""

    def pull(self, reference: str, say: Say, stop: threading.Event) -> None:
        """Fetch an image from its registry.

        Raises:
            BuildFailed: it cannot be had.
            Interrupted: ``stop`` was set.
        """

    def name(self, image: str, environment: str, version: str) -> str:
        """Give the image its name, and keep it from clean-ups of the engine; the name."""

    def look_through(self, reference: str, stop: threading.Event) -> None:
        """Have what a version made from this image would wait for done now, while nobody waits; nothing if it fails."""

    def held_as(self, image: str) -> str | None:
        """The name under which an image of a version is held, for a Dockerfile's FROM; None where it is gone."""

    def base(self) -> ImageSeen | None:
        """What every environment stands on."""

    def hold(self, images: Mapping[str, str]) -> None:
        """Keep these images (ID → environment) from clean-ups, as far as they are there."""

    def discard(self, image: str, environment: str) -> bool:
        """Remove the names that an image has as a version of this environment, and the image with its last name.

        False while a container uses it, or another platform on this machine holds it: its names stay.
        """

    def forget(self, name: str) -> None:
        """Remove what :meth:`make` and :meth:`try_out` left of a build of this name; never raises."""


class Repositories(Protocol):
    """Git repositories, elsewhere."""

    def fetch(self, address: str, ref: str, into: Path, say: Say, stop: threading.Event) -> str:
        """Lay out a branch, tag or commit (empty: the default branch) in ``into``; the commit.

        Raises:
            BuildFailed: there is no such repository or ref, or it takes too long.
            Interrupted: ``stop`` was set.
        """
