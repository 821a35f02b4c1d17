"""What the services need to wake each other: a bell that may fail without harm."""

from __future__ import annotations

from typing import Protocol


class Doorbell(Protocol):
    """Carries run ids and nothing else. A lost ring only costs time: the sweeper rings again."""

    def ring(self, run_ids: list[str]) -> bool:
        """Tell the workers to look at these runs; False when the bell is out of reach."""

    def changed(self, run_id: str) -> None:
        """Tell whoever watches this run that there is news; never raises."""

    def people_changed(self, name: str) -> None:
        """Tell all of the platform's processes to ask anew about this person, empty: everybody; never raises."""

    def answers(self) -> bool:
        """Whether the bell can be heard at all."""
