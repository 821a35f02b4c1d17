"""The port ``Roster`` in memory."""

from __future__ import annotations

from dataclasses import replace

from nightdesk.server.domain.errors import NotFound, Unavailable
from nightdesk.server.ports.roster import APPROVED, LiveSession, Member


class MemoryRoster:
    """``members`` by name, ``sessions`` that go on; ``done`` is what was asked for, with whose token."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.sessions: list[LiveSession] = []
        self.done: list[tuple[str, ...]] = []
        self.away = False

    def everybody(self, token: str) -> list[Member]:  # noqa: ARG002
        """All of ``members``."""
        self._answer()
        return [self.members[name] for name in sorted(self.members)]

    def approve(self, token: str, name: str) -> None:
        """Their account is approved."""
        self.members[name] = replace(self._of("approve", token, name), account=APPROVED)

    def remove(self, token: str, name: str) -> None:
        """They are gone."""
        del self.members[self._of("remove", token, name).name]

    def set_admin(self, token: str, name: str, admin: bool) -> None:
        """They are an admin, or no longer."""
        self.members[name] = replace(self._of("admin" if admin else "unadmin", token, name), admin=admin)

    def set_password(self, token: str, name: str, password: str) -> None:
        """Noted without the password."""
        assert len(password) >= 12, "a password that is made is a long one"  # noqa: S101
        self._of("password", token, name)

    def stop_session(self, token: str, person: str, name: str) -> None:
        """It goes on no longer."""
        self._answer()
        self.done.append(("stop", token, f"{person}/{name}" if name else person))
        self.sessions = [each for each in self.sessions if (each.person, each.name) != (person, name)]

    def live_sessions(self) -> list[LiveSession]:
        """Those of ``sessions``."""
        self._answer()
        return list(self.sessions)

    def _of(self, what: str, token: str, name: str) -> Member:
        self._answer()
        self.done.append((what, token, name))
        if name not in self.members:
            raise NotFound("there is nobody of that name")
        return self.members[name]

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("the hub does not answer", "Try again in a moment.")
