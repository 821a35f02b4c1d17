"""The port ``Homes`` in memory."""

from __future__ import annotations


class MemoryHomes:
    """``held`` says how large each home is; ``asked`` remembers who was measured."""

    def __init__(self, held: dict[str, int] | None = None) -> None:
        self.held = dict(held or {})
        self.asked: list[list[str]] = []

    def people(self) -> list[str]:
        """Everybody of ``held``."""
        return sorted(self.held)

    def sizes(self, people: list[str]) -> dict[str, int]:
        """As ``held`` has it."""
        self.asked.append(list(people))
        return {name: self.held[name] for name in people if name in self.held}
