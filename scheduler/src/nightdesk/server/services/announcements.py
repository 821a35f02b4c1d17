"""What is shown on top of every page: read anew each few seconds, whatever many pages are asked for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from nightdesk.server.domain.announcement import Announcement
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.ports.announcements import Announcements

_FRESH_SECONDS = 2.0


class Board:
    """One process's memory of what is announced."""

    def __init__(self, kept: Announcements, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept = kept
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._known: list[Announcement] = []

    def shown(self) -> list[Announcement]:
        """Those of this moment, newest first. While the database is away, those that were known."""
        now = time.time()
        return [each for each in self._current() if each.is_shown(now)]

    def forget(self) -> None:
        """Read anew the next time: something was changed."""
        with self._lock:
            self._read_at = None

    def _current(self) -> list[Announcement]:
        with self._lock:
            if self._read_at is None or self._clock() - self._read_at > _FRESH_SECONDS:
                with contextlib.suppress(Unavailable):
                    self._known = self._kept.announcements()
                self._read_at = self._clock()
            return self._known
