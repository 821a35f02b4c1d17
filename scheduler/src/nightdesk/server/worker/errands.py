"""The thread that takes errands; each is done in a thread of its own, because it waits for others."""

from __future__ import annotations

import threading

from nightdesk.server.domain.errand import Errand
from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.ports.fetching import Fetched
from nightdesk.server.services.fetched_ticks import end_tick
from nightdesk.server.services.fetching import take, tidy
from nightdesk.server.services.pipelining import carry_on
from nightdesk.server.services.queue import dispatch
from nightdesk.server.services.reporting import ErrandParts
from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.services.ticking import Clockwork
from nightdesk.server.services.watch import Parts
from nightdesk.server.worker.keeper import Ticking

_AT_ONCE = 6
_TIDY_EVERY = 600


class ErrandBoy(Ticking):
    """Looks each second."""

    def __init__(
        self, parts: ErrandParts, of_runs: Parts, clock: Clockwork, supervisor: Supervisor, worker: str
    ) -> None:
        super().__init__("errands")
        self._parts = parts
        self._of_runs = of_runs
        self._clock = clock
        self._supervisor = supervisor
        self._worker = worker
        self._going: list[threading.Thread] = []

    def _tick(self, tick: int) -> None:
        self._going = [thread for thread in self._going if thread.is_alive()]
        while len(self._going) < _AT_ONCE:
            work = take(self._parts, self._worker, self._end)
            if work is None:
                break
            thread = threading.Thread(target=work, name="errand", daemon=True)
            thread.start()
            self._going.append(thread)
        if tick % _TIDY_EVERY == _TIDY_EVERY - 1:
            tidy(self._parts.records, self._parts.store)

    def _end(self, errand: Errand, result: Fetched | NightdeskError) -> None:
        ended = end_tick(self._clock, errand, result)
        for pipeline_id in ended.pipelines:
            carry_on(self._clock, pipeline_id)
        if ended.queued or ended.pipelines:
            self._supervisor.take(dispatch(self._of_runs))
