"""How a schedule has done."""

from __future__ import annotations

from dataclasses import dataclass

from nightdesk.server.domain.schedule import BAD, TickState


@dataclass(frozen=True, slots=True)
class Record:
    """How a schedule has done: ticks by state since a time."""

    counts: dict[str, int]

    @property
    def rate(self) -> float | None:
        """Good ones of those that were good or bad; None before there was any."""
        good = self.counts.get(TickState.SUCCEEDED, 0)
        bad = sum(self.counts.get(state, 0) for state in BAD)
        return good / (good + bad) if good + bad else None
