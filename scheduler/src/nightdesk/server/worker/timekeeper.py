"""The thread that queues what schedules are due for. Every worker has one; see ``services.ticking`` why that is safe."""

from __future__ import annotations

from nightdesk.server.services.pipelining import carry_on
from nightdesk.server.services.queue import dispatch
from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.services.ticking import Clockwork, look
from nightdesk.server.services.watch import Parts
from nightdesk.server.worker.keeper import Ticking

#: It sleeps until the next schedule is due, but not longer: runs end meanwhile, schedules come, clocks are set.
_LONGEST_SECONDS = 5.0
_SHORTEST_SECONDS = 0.05


class Timekeeper(Ticking):
    """Looks when something is due."""

    def __init__(self, parts: Parts, clock: Clockwork, supervisor: Supervisor) -> None:
        super().__init__("timekeeper")
        self._parts = parts
        self._clock = clock
        self._supervisor = supervisor
        self.pause: float = _SHORTEST_SECONDS

    def _tick(self, tick: int) -> None:  # noqa: ARG002
        self.pause = 1.0  # after an error
        records = self._parts.records
        done = look(self._clock, records.now())
        for run_id in done.replaced:
            self._parts.bell.changed(run_id)
        for pipeline_id in done.pipelines:
            carry_on(self._clock, pipeline_id)
        if done.queued or done.pipelines:
            self._supervisor.take(dispatch(self._parts))
        ahead = _LONGEST_SECONDS if done.next_at is None else done.next_at - records.now()
        self.pause = min(max(ahead, _SHORTEST_SECONDS), _LONGEST_SECONDS)
