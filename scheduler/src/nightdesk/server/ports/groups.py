"""What the services need of the hub about groups: they are kept there, and changed with an admin's own token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the hub. ``provider`` is empty where admins keep it; else its members come with the sign-in."""

    name: str
    members: tuple[str, ...] = ()
    provider: str = ""


class Groups(Protocol):
    """The hub's groups. ``token`` is that of whoever asks: the hub decides what it may do.

    Every method raises ``Unavailable`` where the hub does not answer, and ``NotAllowed`` where the token does
    not reach so far.
    """

    def listed(self, token: str) -> list[Group]:
        """All groups, by name."""

    def make(self, token: str, name: str) -> None:
        """A new group without members.

        Raises:
            Conflict: there is one of this name.
        """

    def remove(self, token: str, name: str) -> None:
        """Take a group away.

        Raises:
            NotFound: there is none.
        """

    def join(self, token: str, name: str, people: list[str]) -> None:
        """Put people into a group.

        Raises:
            NotFound: there is no such group.
            Invalid: the hub knows nobody of that name.
        """

    def leave(self, token: str, name: str, people: list[str]) -> None:
        """Take people out of a group; see :meth:`join`."""
