"""The thread that keeps a worker's promises: signs of life, leases, wishes to cancel, sweeping."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.services.sweep import sweep, tidy
from nightdesk.server.services.watch import Parts

ALIVE_FILE = Path("/tmp/nightdesk-worker-alive")  # noqa: S108 - the container's own tmpfs; read by its health check
_TICK_SECONDS = 1.0
_BEAT_EVERY = 5  # ticks
_TIDY_EVERY = 60
_log = logging.getLogger(__name__)


class Keeper(threading.Thread):
    """Ticks each second until told to stop."""

    def __init__(self, parts: Parts, supervisor: Supervisor, slots: int) -> None:
        super().__init__(name="keeper", daemon=True)
        self._parts = parts
        self._supervisor = supervisor
        self._slots = slots
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Tick no more."""
        self._stopped.set()

    def run(self) -> None:
        tick = 0
        while not self._stopped.is_set():
            try:
                self._tick(tick)
            except NightdeskError as error:
                _log.warning("keeper: %s", error.message)
            except Exception:  # noqa: BLE001
                # The thread is this process's edge: if it died, the worker would lose all its runs.
                _log.exception("keeper: unexpected; trying again")
            tick += 1
            self._stopped.wait(_TICK_SECONDS)

    def _tick(self, tick: int) -> None:
        parts = self._parts
        beat = tick % _BEAT_EVERY == 0
        if beat:
            parts.records.beat(self._supervisor.worker, self._slots)
        self._supervisor.keep(renew=beat)
        if beat:
            sweep(parts.records, parts.bell)
            ALIVE_FILE.touch()
        if tick % _TIDY_EVERY == 5:
            tidy(parts.records, parts.engine, parts.folders)
