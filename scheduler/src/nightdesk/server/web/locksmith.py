"""One thread of the web process that opens connections for errands which workers began: they have no key to them.

A schedule whose file is in a private repository needs its login at each tick; whether it is still its owner's is looked at
then.
"""

from __future__ import annotations

import logging
import threading

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.services.fetching import unlock

_LOOK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Locksmith(threading.Thread):
    """Looks each second until told to stop; any number of processes may."""

    def __init__(self, platform: WebPlatform) -> None:
        super().__init__(name="locksmith", daemon=True)
        self._platform = platform
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def run(self) -> None:
        platform = self._platform
        while not self._stopped.wait(_LOOK_SECONDS):
            try:
                unlock(platform.desk, platform.people, platform.policies)
            except NightdeskError as error:
                _log.warning("errands wait: %s", error.message)
            except Exception:  # noqa: BLE001 - the thread's edge: it must live as long as the process
                _log.exception("unexpected; looking again")
