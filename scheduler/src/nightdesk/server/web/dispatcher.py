"""One thread of the web process that offers what was submitted to the workers.

Many submits at once need one look at the queue, not one each, and nobody's answer waits for it.
"""

from __future__ import annotations

import logging
import threading
import time

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.services.queue import ring

_PAUSE_SECONDS = 0.05  # between two looks: the first submit of many is offered at once, the others together
_AGAIN_SECONDS = 1.1  # after the last of many submits nobody wakes it, and what they held up waits
_PAUSES = 30  # a look takes this part of the time at most, however many come in
_log = logging.getLogger(__name__)


class Dispatcher(threading.Thread):
    """Looks at the queue when woken, until told to stop. What it misses the workers' sweep finds."""

    def __init__(self, platform: WebPlatform) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self._platform = platform
        self._woken = threading.Event()
        self._stopped = threading.Event()

    def wake(self) -> None:
        """There may be something to offer."""
        self._woken.set()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._woken.set()

    def run(self) -> None:
        platform, again = self._platform, None
        while True:
            self._woken.wait(again)
            if self._stopped.is_set():
                return
            again = _AGAIN_SECONDS if self._woken.is_set() else None
            self._woken.clear()
            began = time.monotonic()
            try:
                ring(platform.records, platform.bell, platform.policies.now())
            except NightdeskError as error:
                _log.warning("nothing offered for now: %s", error.message)
            except Exception:  # noqa: BLE001 - the thread's edge: it must live as long as the process
                _log.exception("unexpected; the next submit is offered again")
            self._stopped.wait(max(_PAUSE_SECONDS, _PAUSES * (time.monotonic() - began)))
