"""What the services need of the container engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from nightdesk.connection_places import ConnectionMount
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.shared_folders import SharedMount


@dataclass(frozen=True, slots=True)
class ContainerSeen:
    """A run's container as the engine knows it."""

    id: str
    run_id: str
    attempt: int
    state: str  # created, running, paused, exited, dead


@dataclass(frozen=True, slots=True)
class Sample:
    """What a running container takes at this moment."""

    cpu_seconds: float  # of all cores together, since its start
    memory_bytes: int  # without what the kernel keeps of files only to be quick
    paused: bool = False


class LogFollower(Protocol):
    """A container's output, from its start, line by line until the container ends."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Stop following; may be called from another thread."""


class ContainerEngine(Protocol):
    """Containers of runs. Every method raises ``EngineError`` when the engine refuses."""

    def create(
        self, run: Run, shared: tuple[SharedMount, ...] = (), places: tuple[ConnectionMount, ...] = ()
    ) -> ContainerSeen:
        """The container of this run's attempt, with these folders: made now, or the one that is there already.

        ``places`` are those of connections; one that is not on the machine is left out.

        Raises:
            ImageMissing: its image is not on this machine.
        """

    def start(self, container: ContainerSeen) -> None:
        """Start a container that was created; nothing where it runs already."""

    def find(self, run: Run) -> ContainerSeen | None:
        """The container of this run's attempt, by its label; None where there is none."""

    def follow(self, container: ContainerSeen) -> LogFollower:
        """Its output from the start."""

    def wait(self, container: ContainerSeen, timeout: float) -> Exit | None:
        """How it ended; None if it has not within ``timeout`` seconds.

        Raises:
            ContainerGone: somebody removed it.
        """

    def sample(self, container: ContainerSeen) -> Sample | None:
        """What it takes now; None where it does not run.

        Raises:
            ContainerGone: somebody removed it.
        """

    def stop(self, container: ContainerSeen, grace_seconds: float) -> None:
        """Ask it to end, and end it after the grace; a paused one is resumed first."""

    def remove(self, container: ContainerSeen) -> None:
        """Remove it; nothing where it is gone already."""

    def all(self) -> list[ContainerSeen]:
        """Every run container of this platform, whatever its state."""

    def version(self) -> str:
        """The engine's version, as a sign that it answers."""
