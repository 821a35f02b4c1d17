"""What the services need of the database about what people have of the machine, and had."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from nightdesk.server.domain.use import Had, Held, Home


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """A session as the hub has it now, with what its size gives it."""

    person: str
    name: str
    environment: str
    version: str
    size: str
    cpus: float
    memory_bytes: int
    started_at: float | None  # None while it starts
    groups: tuple[str, ...] = field(default=())


class UseRecords(Protocol):
    """Spans of runs are kept by ``Records.change``. Every method is one transaction."""

    def sessions_seen(self, sessions: list[SessionSeen]) -> set[str]:
        """Note which sessions there are; others that went on have ended. Whose have ended."""

    def in_use(self, person: str | None = None) -> dict[tuple[str, str], Held]:
        """What goes on now, by person and kind (``run``, ``session``)."""

    def had(self, start: float, end: float, person: str | None = None) -> list[Had]:
        """What was had from ``start`` on until before ``end``; what goes on counts as far as now."""

    def run_seconds(self, person: str, start: float) -> float:
        """For how long a person's runs have run since then."""

    def home(self, person: str) -> Home | None:
        """How large somebody's home is; None before anybody looked."""

    def homes(self) -> list[Home]:
        """The same of everybody."""

    def set_homes(self, sizes: dict[str, int]) -> None:
        """Note how large homes are now, in bytes by person."""

    def take_turn(self, name: str, every_seconds: float) -> bool:
        """Whether it is the caller's turn at something that is done once in a while by one process."""

    def wish_turn(self, name: str) -> None:
        """Make it somebody's turn at the next look."""

    def wished_turns(self, prefix: str) -> list[str]:
        """Take the wishes whose names begin so: what stands behind the prefix of each."""
