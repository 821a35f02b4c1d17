"""What the services need of the engine about people's home volumes."""

from __future__ import annotations

from typing import Protocol


class Homes(Protocol):
    """Home volumes. Methods raise ``EngineError`` where the engine does not do it."""

    def people(self) -> list[str]:
        """Whose homes there are."""

    def sizes(self, people: list[str]) -> dict[str, int]:
        """What these homes hold, in bytes; without those that could not be measured."""
