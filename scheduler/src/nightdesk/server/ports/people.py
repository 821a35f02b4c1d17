"""What the services need of the hub: who a token belongs to."""

from __future__ import annotations

from typing import Protocol

from nightdesk.server.domain.person import Person


class People(Protocol):
    """The hub's knowledge of people."""

    def of_token(self, token: str) -> Person | None:
        """Whose token this is; None when nobody's, or when it may not use this service.

        Raises:
            Unavailable: the hub does not answer.
        """

    def remembered(self, token: str) -> Person | None:
        """The same without asking the hub: None as well when it has to be asked."""
