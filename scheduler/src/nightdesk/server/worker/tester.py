"""The thread that takes tests of connections; each is tried in a thread of its own, because it waits for others."""

from __future__ import annotations

import threading

from nightdesk.server.bootstrap import TestParts
from nightdesk.server.services.connection_tests import take
from nightdesk.server.worker.keeper import Ticking

_AT_ONCE = 4


class Tester(Ticking):
    """Looks each second."""

    def __init__(self, parts: TestParts) -> None:
        super().__init__("tester")
        self._parts = parts
        self._trying: list[threading.Thread] = []

    def _tick(self, tick: int) -> None:  # noqa: ARG002
        self._trying = [thread for thread in self._trying if thread.is_alive()]
        if len(self._trying) >= _AT_ONCE:
            return
        work = take(self._parts.records, self._parts.sealing, self._parts.probe)
        if work is not None:
            thread = threading.Thread(target=work, name="connection-test", daemon=True)
            thread.start()
            self._trying.append(thread)
