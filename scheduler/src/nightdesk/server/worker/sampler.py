"""The thread that looks at what the worker's runs take.

It is one of its own, because counting a large folder takes a while and an engine may be slow to answer.
"""

from __future__ import annotations

from nightdesk.server.services.sampling import Sampler
from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.services.watch import Parts
from nightdesk.server.worker.keeper import Ticking

_LOOK_EVERY = 2  # ticks


class Eye(Ticking):
    """Looks each two seconds."""

    def __init__(self, parts: Parts, supervisor: Supervisor) -> None:
        super().__init__("sampler")
        self._supervisor = supervisor
        self._sampler = Sampler(parts)

    def _tick(self, tick: int) -> None:
        if tick % _LOOK_EVERY == 0:
            self._sampler.sample(self._supervisor.watches())
