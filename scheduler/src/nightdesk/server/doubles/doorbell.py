"""The port ``Doorbell`` in memory: it remembers who was rung for."""

from __future__ import annotations


class MemoryBell:
    """``rings``, ``changes`` and ``people`` hold what came, in order; ``broken`` puts it out of reach."""

    def __init__(self) -> None:
        self.rings: list[str] = []
        self.changes: list[str] = []
        self.people: list[str] = []
        self.broken = False

    def ring(self, run_ids: list[str]) -> bool:
        """Remember the ids; False while broken."""
        if self.broken:
            return False
        self.rings += run_ids
        return True

    def changed(self, run_id: str) -> None:
        """Remember the id; nothing while broken."""
        if not self.broken:
            self.changes.append(run_id)

    def people_changed(self, name: str) -> None:
        """Remember the name; nothing while broken."""
        if not self.broken:
            self.people.append(name)

    def answers(self) -> bool:
        """Whether it is whole."""
        return not self.broken
