"""The threads that keep a worker's promises: signs of life and wishes to end a run, and sweeping.

They are two, because sweeping talks to Redis and to the engine: whatever hangs there must not
keep the worker from saying that it lives.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from pathlib import Path

from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.services.lookout import Lookout
from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.services.sweep import sweep, tidy
from nightdesk.server.services.watch import Parts

ALIVE_FILE = Path("/tmp/nightdesk-worker-alive")  # noqa: S108 - the container's own tmpfs; read by its health check
_TICK_SECONDS = 1.0
_BEAT_EVERY = 5  # ticks
_SWEEP_EVERY = 5
_TIDY_EVERY = 60
_log = logging.getLogger(__name__)


class Ticking(threading.Thread, ABC):
    """Ticks each second, or after the seconds of its ``pause``, until told to stop, whatever goes wrong."""

    pause: float | None = None

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
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
                _log.warning("%s: %s", self.name, error.message)
            except Exception:  # noqa: BLE001
                # The thread is this process's edge: if it died, the worker would lose all its runs.
                _log.exception("%s: unexpected; trying again", self.name)
            tick += 1
            self._stopped.wait(_TICK_SECONDS if self.pause is None else self.pause)

    @abstractmethod
    def _tick(self, tick: int) -> None: ...


class Pulse(Ticking):
    """Says that the worker lives, and ends what is to be ended."""

    def __init__(self, parts: Parts, supervisor: Supervisor) -> None:
        super().__init__("pulse")
        self._parts = parts
        self._supervisor = supervisor

    def _tick(self, tick: int) -> None:
        runs = self._parts.settings.runs
        if tick % _BEAT_EVERY == 0:
            self._parts.records.beat(self._supervisor.worker, runs.slot_count, runs.memory_bytes)
            ALIVE_FILE.touch()
        self._supervisor.keep()


class Sweeper(Ticking):
    """Adopts, offers, and tidies up."""

    def __init__(self, parts: Parts, supervisor: Supervisor) -> None:
        super().__init__("sweeper")
        self._parts = parts
        self._supervisor = supervisor
        self._lookout = Lookout()

    def _tick(self, tick: int) -> None:
        if tick % _SWEEP_EVERY == 0:
            sweep(self._parts, self._supervisor, self._lookout)
        if tick % _TIDY_EVERY == _SWEEP_EVERY:
            tidy(self._parts.records, self._parts.engine, self._parts.folders)
