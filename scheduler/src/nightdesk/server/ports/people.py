"""What the services need of the hub: who a token belongs to, and which sessions there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nightdesk.server.domain.person import Person


@dataclass(frozen=True, slots=True)
class Session:
    """A session that goes on, or is just starting: whose, and in which version."""

    person: str
    name: str  # empty: their own; else a named one beside it
    environment: str
    version: str
    started_at: float | None = None  # seconds since 1970


class People(Protocol):
    """The hub's knowledge of people."""

    def of_token(self, token: str) -> Person | None:
        """Whose token this is; None when nobody's, or when it may not use this service.

        Raises:
            Unavailable: the hub does not answer.
        """

    def remembered(self, token: str) -> Person | None:
        """The same without asking the hub: None as well when it has to be asked."""

    def sessions(self) -> list[Session]:
        """Every session there is now.

        Raises:
            Unavailable: the hub does not answer.
        """
