"""What the services need of the hub: who a token belongs to, and which sessions there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nightdesk.server.domain.person import Person


@dataclass(frozen=True, slots=True)
class Session:
    """A session that goes on, or is just starting: whose, in which version, and of which size."""

    person: str
    name: str  # empty: their own; else a named one beside it
    environment: str
    version: str
    started_at: float | None = None  # seconds since 1970
    size: str = ""
    groups: tuple[str, ...] = ()  # the person's


class People(Protocol):
    """The hub's knowledge of people."""

    def of_token(self, token: str) -> Person | None:
        """Whose token this is; None when nobody's, or when it may not use this service.

        Raises:
            Unavailable: the hub does not answer.
        """

    def remembered(self, token: str) -> Person | None:
        """The same without asking the hub: None as well when it has to be asked."""

    @property
    def changes(self) -> int:
        """Counts up whenever somebody was forgotten: whoever holds a Person for longer asks again then."""

    def forget(self, name: str = "") -> None:
        """Ask the hub anew about this person, or about everybody: something about them was changed."""

    def person(self, name: str) -> Person | None:
        """Somebody by name; None where the hub knows nobody of that name.

        Raises:
            Unavailable: the hub does not answer.
        """

    def people(self) -> list[Person]:
        """Everybody.

        Raises:
            Unavailable: the hub does not answer.
        """

    def sessions(self, of: str | None = None) -> list[Session]:
        """Every session there is now, or those of one person.

        Raises:
            Unavailable: the hub does not answer.
        """
