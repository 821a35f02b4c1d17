"""The thread that removes outputs that have had their time; a store may be slow, and nothing waits for it."""

from __future__ import annotations

from nightdesk.server.services.retention import clean
from nightdesk.server.services.watch import Parts
from nightdesk.server.worker.keeper import Ticking

_LOOK_EVERY = 5  # ticks


class Janitor(Ticking):
    """Looks each five seconds whether it is its turn, which costs two reads."""

    def __init__(self, parts: Parts) -> None:
        super().__init__("janitor")
        self._parts = parts

    def _tick(self, tick: int) -> None:
        if tick % _LOOK_EVERY == _LOOK_EVERY - 1:
            parts = self._parts
            clean(parts.records, parts.store, parts.policies, parts.people)
