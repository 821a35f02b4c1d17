"""What the services need of the database about environments: versions, channels, builds, and who did what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from nightdesk.server.domain.build import Build, BuildLine
from nightdesk.server.domain.channel import Event
from nightdesk.server.domain.environment import Layer, Offer, Package, Version


@dataclass(frozen=True, slots=True)
class RunsOf:
    """How many runs of a version there are: all of them, and those that have not ended."""

    total: int = 0
    alive: int = 0
    last_at: float | None = None


class Catalogue(Protocol):
    """Environments on record. Every method is one transaction; each change leaves an :class:`Event`."""

    def add_version(self, version: Version) -> bool:
        """Register a version; False where it is there with the same digest.

        Its ``channels`` are moved to it, its ``groups`` are ignored.

        Raises:
            Conflict: the name and version are taken by another digest.
        """

    def versions(self) -> list[Version]:
        """Every version, without packages, layers and lock: the environment that has been on record longest
        first, because that is what people get when they name none, and the newest version of each first.
        """

    def version(self, environment: str, version: str) -> Version | None:
        """One version with all that is known of it, or None."""

    def packages(self, digest: str) -> list[Package]:
        """The packages in an image."""

    def layers(self) -> list[tuple[Version, tuple[Layer, ...]]]:
        """Every version that was not removed with its layers."""

    def move_channel(self, environment: str, channel: str, version: str, by: str, back: bool = False) -> str:
        """Point a channel at a version; the version that it pointed at before, empty where none.

        ``back`` says that it is a rollback: it is noted as one.

        Raises:
            NotFound: there is no such version.
            Conflict: it was removed.
        """

    def set_offer(self, environment: str, version: str, offer: Offer, by: str, words: str = "") -> Version:
        """Offer a version, deprecate or remove it; the version as it is afterwards.

        Raises:
            NotFound: there is no such version.
            Conflict: removing one that a channel points at or a run that has not ended needs;
                anything else with one that was removed.
        """

    def set_groups(self, environment: str, groups: tuple[str, ...], by: str) -> None:
        """Say who an environment is for; nobody named: everybody.

        Raises:
            NotFound: there is no such environment.
        """

    def environment_events(self, environment: str | None = None, limit: int = 500) -> list[Event]:
        """What was done, newest first."""

    def runs_of_versions(self, environment: str | None = None) -> dict[tuple[str, str], RunsOf]:
        """Runs by environment and version."""

    # builds
    def add_build(self, build: Build) -> None:
        """Put a build on record.

        Raises:
            Conflict: its name and version are registered, or another build makes them.
        """

    def build(self, build_id: str) -> Build | None:
        """One build, or None."""

    def builds(self, limit: int = 50, before: tuple[float, str] | None = None) -> list[Build]:
        """Builds, newest first."""

    def claim_build(self, worker: str, alive: Iterable[str]) -> Build | None:
        """Take the oldest queued build where none goes on; None otherwise.

        One that went on with a worker who is not among ``alive`` is queued again first, or failed where that has
        happened too often.
        """

    def change_build(self, build: Build, **changes: Any) -> Build:
        """Change a build if nobody else did: compare-and-set on fence and status.

        Raises:
            FenceLost: the build is not as ``build`` has it.
            Conflict: the transition table does not allow the new status.
        """

    def request_build_cancel(self, build_id: str, by: str) -> Build | None:
        """Note the wish; a queued build is cancelled at once. The build as it is afterwards."""

    def add_build_log(self, build: Build, text: str) -> None:
        """Append a piece to the build's log.

        Raises:
            FenceLost: the build is another worker's now.
        """

    def build_log(self, build_id: str, after: int = 0, limit: int = 1000) -> list[BuildLine]:
        """Pieces of a build's log after the one of this number."""
