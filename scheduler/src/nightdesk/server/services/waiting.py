"""Why queued runs wait, in words: one look at the queue serves everybody who asks within a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from nightdesk.config import Limits
from nightdesk.server.domain.queue import Line, Waiting
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.ports.records import Records
from nightdesk.server.services.queue import ALIVE_SECONDS

# A look may take this part of the time: while few wait it is never older than some hundredths of a second,
# and with ten thousand in the queue a crowd of watchers costs no more than one.
_SHARE = 1 / 20


class WaitingRoom:
    """Looks at the queue for whoever asks."""

    def __init__(self, records: Records, limits: Limits) -> None:
        self._records = records
        self._limits = limits
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._good_until = 0.0

    def reasons(self, runs: Iterable[Run]) -> dict[str, str]:
        """Why each of these that is queued waits, with how many are ahead; by the run's id.

        One that waits for the time of its next attempt is left out: its own reason says so.
        """
        queued = [run for run in runs if run.status is Status.QUEUED]
        if not queued:
            return {}
        line = self._look()
        there = [run for run in queued if run.id in line or run.not_before is None]
        return {run.id: line.reason(Waiting.of(run), self._limits) for run in there}

    def forget(self) -> None:
        """Look anew next time: the queue was changed."""
        self._good_until = 0.0

    def _look(self) -> Line:
        with self._lock:
            began = time.monotonic()
            if self._line is None or began >= self._good_until:
                self._line = self._records.line(ALIVE_SECONDS)
                now = time.monotonic()
                self._good_until = now + (now - began) / _SHARE
            return self._line
