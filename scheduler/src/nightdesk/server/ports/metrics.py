"""What the services need of the database about metrics."""

from __future__ import annotations

from typing import Protocol

from nightdesk.server.domain.metric import Metric, Point
from nightdesk.server.domain.run import Run


class Metrics(Protocol):
    """What runs measured of themselves. Every method is one transaction."""

    def add_metrics(self, run: Run, points: list[Point]) -> None:
        """Put points of the run's attempt on record; those that are there already are passed over.

        Raises:
            FenceLost: the run is somebody else's now.
        """

    def metrics_end(self, run: Run) -> int:
        """The number of the last point on record of the run's attempt; 0 before the first."""

    def metrics(self, runs: list[Run]) -> dict[str, list[Metric]]:
        """What the names of each run's attempt stand for, by the run's id; names in the order in which they came."""

    def points(self, run: Run, after: int = 0, name: str | None = None) -> list[Point]:
        """Points of the run's attempt behind this number, of one name or of all."""
