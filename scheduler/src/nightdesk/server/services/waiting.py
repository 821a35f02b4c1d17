"""Why queued runs wait, in words: one look at the queue serves everybody who asks within a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from nightdesk.server.domain.policy import Policies
from nightdesk.server.domain.queue import Line, Waiting
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.ports.records import Records
from nightdesk.server.services.policies import PolicyBook
from nightdesk.server.services.queue import ALIVE_SECONDS

# A look may take this part of the time: while few wait it is never older than a tenth of a second,
# and with ten thousand in the queue a crowd of watchers costs no more than one.
_SHARE = 1 / 50
_LONGEST_SECONDS = 2.0


class WaitingRoom:
    """Looks at the queue for whoever asks."""

    def __init__(self, records: Records, policies: PolicyBook) -> None:
        self._records = records
        self._policies = policies
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
        limits = self._policies.now()
        with self._lock:
            line = self._look(limits)
            if not all(
                run.id in line or run.not_before is not None or line.join(Waiting.of(run)) for run in queued
            ):
                line = self._look_anew(limits)
            return {run.id: line.reason(run.id, limits) for run in queued if run.id in line}

    def forget(self) -> None:
        """Look anew next time: the queue was changed."""
        self._good_until = 0.0

    def _look(self, limits: Policies) -> Line:
        if self._line is None or time.monotonic() >= self._good_until:
            return self._look_anew(limits)
        return self._line

    def _look_anew(self, limits: Policies) -> Line:
        began = time.thread_time()
        self._line = self._records.line(ALIVE_SECONDS, limits)
        cost = time.thread_time() - began  # of computing: on a busy machine a look takes longer, not more
        self._good_until = time.monotonic() + min(cost / _SHARE, _LONGEST_SECONDS)
        return self._line
