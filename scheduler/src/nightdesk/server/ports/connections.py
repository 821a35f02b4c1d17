"""What the services need of the database about connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.connection import Connection, Grant
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run_token import Attempt


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """A test that somebody waits for. ``sealed`` is what it needs, until a worker has taken it."""

    id: str
    connection: str
    asked_by: str
    sealed: str = field(default="", repr=False)
    answer: Mapping[str, Any] | None = None


class Connections(Protocol):
    """Connections on record. Every method is one transaction; each change is noted with it."""

    def connections(self) -> list[Connection]:
        """All of them, by name, with who may use them."""

    def connection(self, name: str) -> Connection | None:
        """One of them, or None."""

    def add_connection(self, connection: Connection, note: Note) -> Connection:
        """Put a new one on record, at the time that it is.

        Raises:
            Conflict: there is one of this name.
        """

    def change_connection(self, before: Connection, after: Connection, note: Note) -> Connection:
        """Put it in the place of the one that was read; who may use it stays.

        Raises:
            Conflict: somebody has changed or removed it meanwhile.
        """

    def reseal_connections(self, sealed: Sequence[tuple[Connection, str]], note: Note) -> None:
        """The same secrets sealed anew, all of them or none.

        Raises:
            Conflict: somebody has changed or removed one of them meanwhile.
        """

    def remove_connection(self, name: str, note: Note) -> bool:
        """Take it away, with who may use it; False where there was none."""

    def grant(self, name: str, grant: Grant, note: Note) -> bool:
        """Let somebody use it, as this says and no earlier one; False where there is no such connection."""

    def revoke(self, name: str, grant: Grant, note: Note) -> bool:
        """Take it from somebody; False where they did not have it."""

    def forget_grants(self, kind: Kind, name: str) -> int:
        """Somebody, or a group, is no more: how many connections they had."""

    def note_use(self, name: str, note: Note, attempt: Attempt | None) -> None:
        """It is being handed out, to an attempt of a run or to somebody's own code.

        Raises:
            NotFound: it has just been removed.
        """

    def used_by(self, run_id: str, attempt: int) -> list[str]:
        """The names of what this attempt has used."""

    def add_connection_test(self, test: ConnectionTest) -> None:
        """Somebody waits for it."""

    def take_connection_test(self, within_seconds: float) -> ConnectionTest | None:
        """The oldest that nobody has taken, with what it needs, which nobody gets a second time; old ones are forgotten."""

    def answer_connection_test(self, test_id: str, answer: Mapping[str, Any]) -> None:
        """How it went."""

    def connection_test(self, test_id: str) -> ConnectionTest | None:
        """The test as it is now."""

    def drop_connection_test(self, test_id: str) -> None:
        """Nobody waits for it any more."""
