"""Who among the workers is alive, seen without a clock that somebody may set.

A worker counts up in the database. Whoever sees its count stand still for long enough, by a watch of
their own, knows that it is gone or has lost the database; taking a run over names that count, so that
a worker which moves again in the last moment keeps its runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from nightdesk.server.ports.records import WorkerSeen

LEASE_SECONDS = 20.0  # without a sign for so long, a worker has lost its runs


class Lookout:
    """What one worker has seen of the others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beats: dict[str, tuple[int, float]] = {}

    def alive(self, workers: list[WorkerSeen]) -> set[str]:
        """The names of those that moved in time, or were not seen for long enough to say."""
        now = self._clock()
        seen: dict[str, tuple[int, float]] = {}
        for worker in workers:
            beat, since = self._beats.get(worker.name, (-1, now))
            seen[worker.name] = (worker.beat, since if worker.beat == beat else now)
        self._beats = seen
        return {name for name, (_, since) in seen.items() if now - since < LEASE_SECONDS}

    def beat_of(self, name: str | None) -> int | None:
        """The count at which a worker was seen last; None for one that has no row any more."""
        return None if name is None or name not in self._beats else self._beats[name][0]
