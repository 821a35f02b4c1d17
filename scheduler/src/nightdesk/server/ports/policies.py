"""What the services need of the database about policies."""

from __future__ import annotations

from typing import Protocol

from nightdesk.server.domain.policy import Policy


class Policies(Protocol):
    """Policies on record. Every method is one transaction."""

    def policies(self) -> list[Policy]:
        """All that are kept."""

    def set_policy(self, policy: Policy) -> None:
        """Keep it in place of the one there was; nothing is kept of one that says nothing."""
