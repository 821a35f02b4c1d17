"""What admins' pages need of the hub. Whatever is done is done with the admin's own token: the hub decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

WAITING, APPROVED, DISABLED, ELSEWHERE = "waiting", "approved", "disabled", ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whom the hub knows.

    ``account`` is that of an account of ours with a password, ``approved``, ``waiting`` or ``disabled``; empty for
    whoever signs in elsewhere, or has only a token. ``last_seen`` is seconds since 1970; ``sessions`` are names of
    those going on, ``""`` their own. ``takes_home`` says that a home folder of the name of somebody who waits is there
    already.
    """

    name: str
    admin: bool = False
    groups: tuple[str, ...] = ()
    account: str = ELSEWHERE
    last_seen: float | None = None
    sessions: tuple[str, ...] = ()
    takes_home: bool = False


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that goes on, and what it takes now: cores in use, bytes. None where it could not be measured."""

    person: str
    name: str
    environment: str
    version: str
    size: str
    ready: bool
    started_at: float | None = None
    idle_since: float | None = None
    cpus: float | None = None
    cpu_limit: float | None = None
    memory_bytes: int | None = None
    memory_limit: int | None = None

    @property
    def label(self) -> str:
        """``ada`` or ``ada/second``."""
        return f"{self.person}/{self.name}" if self.name else self.person


class Roster(Protocol):
    """People and sessions at the hub.

    Every method that takes a ``token`` raises ``NotAllowed`` where the hub does not let its owner do this, ``NotFound``
    where there is no such person, ``Conflict`` and ``Invalid`` with the hub's words, and each raises ``Unavailable``.
    """

    def everybody(self, token: str) -> list[Member]:
        """Everybody, by name; who waits for approval as well."""

    def approve(self, token: str, name: str) -> None:
        """Let somebody in who has asked for an account."""

    def remove(self, token: str, name: str) -> None:
        """Take an account away with the person's sessions and tokens; refuses who waits. Their files stay."""

    def set_admin(self, token: str, name: str, admin: bool) -> None:
        """Make somebody an admin, or no longer."""

    def set_password(self, token: str, name: str, password: str) -> None:
        """Give an account another password; whoever is signed in with the old one is signed out."""

    def stop_session(self, token: str, person: str, name: str) -> None:
        """End a session. Nothing where it has ended."""

    def live_sessions(self) -> list[LiveSession]:
        """Every session, measured now."""
