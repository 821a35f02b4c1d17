"""One thread of the web process that asks the hub now and then which sessions there are.

It asks at once when the hub says that something about somebody has changed: a session that ends takes its token along.
"""

from __future__ import annotations

import logging
import threading

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.services.sessions import look_at_sessions

_EVERY_SECONDS = 10.0  # of all processes together
_PAUSE_SECONDS = 1.0  # between two looks at least
_TURN = "sessions"
_log = logging.getLogger(__name__)


class SessionWatch(threading.Thread):
    """Looks each ten seconds, and when woken, until told to stop."""

    def __init__(self, platform: WebPlatform) -> None:
        super().__init__(name="session-watch", daemon=True)
        self._platform = platform
        self._woken = threading.Event()
        self._stopped = threading.Event()

    def wake(self) -> None:
        """Sessions may have come or gone."""
        self._woken.set()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._woken.set()

    def run(self) -> None:
        platform = self._platform
        while not self._stopped.is_set():
            woken = self._woken.wait(_EVERY_SECONDS)
            self._woken.clear()
            if self._stopped.wait(_PAUSE_SECONDS):
                return
            try:
                if platform.records.take_turn(_TURN, 0.0 if woken else _EVERY_SECONDS):
                    look_at_sessions(platform.records, platform.people, platform.settings)
            except NightdeskError as error:
                _log.warning("sessions not looked at for now: %s", error.message)
            except Exception:  # noqa: BLE001 - the thread's edge: it must live as long as the process
                _log.exception("unexpected; sessions are looked at again")
