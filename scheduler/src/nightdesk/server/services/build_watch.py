"""One build in a worker's care: its record, its log, and the wish to stop."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightdesk.server.domain.build import Build, BuildStatus
from nightdesk.server.domain.errors import FenceLost, Unavailable
from nightdesk.server.ports.builder import Repositories, Workshop
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records

_FLUSH_SECONDS = 0.3
_MOST_LOG = 5_000_000  # characters: a build that prints more prints nothing that anybody reads
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BuildParts:
    """What builds work with.

    ``sources`` has the platform's own folders ``images`` and ``scheduler``; ``scratch`` has room for what
    is laid out meanwhile.
    """

    records: Records
    store: FileStore
    bell: Doorbell
    workshop: Workshop
    repositories: Repositories
    sources: Path
    scratch: Path


class BuildWatch:
    """One build in this worker's care. The thread that builds and the one that looks after it share it."""

    def __init__(self, parts: BuildParts, build: Build) -> None:
        self.build = build
        self.stop = threading.Event()
        self.leaving = False
        self._parts = parts
        self._pieces: list[str] = []
        self._told = 0
        self._flushed = time.monotonic()
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Add to the log."""
        with self._lock:
            if self._told > _MOST_LOG:
                return
            self._told += len(text)
            self._pieces.append(text if self._told <= _MOST_LOG else "\n[what follows is left out]\n")
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def line(self, text: str) -> None:
        """Add a line of the platform's own to the log."""
        self.say(f"{text}\n")

    def flush(self) -> None:
        """Put what was said on record, for whoever watches. A database that is away is asked again later."""
        with self._lock:
            text, self._pieces = "".join(self._pieces), []
            self._flushed = time.monotonic()
            if not text:
                return
            try:
                self._parts.records.add_build_log(self.build, text)
            except Unavailable:
                self._pieces.insert(0, text)
                return
            except FenceLost:
                self.stop.set()
                return
        self._parts.bell.changed(self.build.id)

    def change(self, **changes: Any) -> None:
        """Change the build on record.

        Raises:
            FenceLost: it is another worker's now.
            Conflict: see ``Records.change_build``.
            Unavailable: the database does not answer.
        """
        self.build = self._parts.records.change_build(self.build, **changes)
        self._parts.bell.changed(self.build.id)

    def look(self) -> None:
        """See whether somebody wishes the build to end, or another worker has it."""
        self.flush()
        known = self._parts.records.build(self.build.id)
        if known is None or known.fence != self.build.fence or known.cancel_requested_at is not None:
            self.stop.set()

    def leave(self) -> None:
        """This worker ends: the build waits for another one, which begins anew."""
        self.leaving = True
        self.stop.set()

    def end(self, status: BuildStatus, reason: str | None, **changes: Any) -> None:
        """Put the end on record, as soon as the database is there for it.

        Raises:
            FenceLost: it is another worker's now.
        """
        while True:
            self.flush()
            try:
                self.change(status=status, reason=reason, **changes)
                return
            except Unavailable as error:
                _log.warning("build %s: its end cannot be put on record yet: %s", self.build.id, error)
                time.sleep(1.0)
