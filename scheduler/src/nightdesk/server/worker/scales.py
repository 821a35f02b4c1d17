"""The thread that measures people's homes; it may take long, and nothing waits for it."""

from __future__ import annotations

from nightdesk.server.ports.homes import Homes
from nightdesk.server.ports.records import Records
from nightdesk.server.services.homes import measure_homes
from nightdesk.server.worker.keeper import Ticking

_LOOK_EVERY = 5  # ticks


class Scales(Ticking):
    """Looks each five seconds whether there is something to measure."""

    def __init__(self, records: Records, homes: Homes) -> None:
        super().__init__("scales")
        self._records = records
        self._homes = homes

    def _tick(self, tick: int) -> None:
        if tick % _LOOK_EVERY == 0:
            measure_homes(self._records, self._homes)
