"""What the services need to keep secrets: sealed, they may lie in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Sealing(Protocol):
    """Seals under the newest key, opens what was sealed under any that is there."""

    @property
    def newest(self) -> str:
        """The id of the key that seals."""

    def seal(self, name: str, secrets: Mapping[str, Any]) -> str:
        """Secrets as text that says nothing without the key; it opens under this name alone."""

    def open(self, name: str, sealed: str) -> dict[str, Any]:
        """The secrets again.

        Raises:
            Unavailable: the key is not there, or it was sealed for another name, or changed since.
        """

    def key_of(self, sealed: str) -> str:
        """The id of the key that something was sealed under; empty where it was sealed by nobody here."""

    def has(self, key: str) -> bool:
        """Whether the key of this id is there."""
