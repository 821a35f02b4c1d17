"""What the services need of the hub where a run starts."""

from __future__ import annotations

from typing import Protocol


class Members(Protocol):
    """Who is in which groups."""

    def groups_of(self, name: str) -> tuple[str, ...]:
        """The groups that this person is in now; none of somebody whom the hub does not know.

        Raises:
            Unavailable: the hub does not answer.
        """
