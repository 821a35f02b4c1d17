"""One run in a worker's care, and what the worker takes care with."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from nightdesk.config import Settings
from nightdesk.server.domain.errors import FenceLost
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.engine import ContainerEngine, ContainerSeen
from nightdesk.server.ports.files import FileStore, RunFolders
from nightdesk.server.ports.records import Records
from nightdesk.server.services.lines import Lines


class LetGo(Exception):
    """This worker stops caring for the run; the run goes on."""


@dataclass(slots=True, eq=False)
class Watch:
    """One run in this worker's care."""

    run: Run
    container: ContainerSeen | None = None
    lines: Lines | None = None
    leaving: threading.Event = field(default_factory=threading.Event)
    lost: bool = False
    stopping: bool = False
    timed_out: bool = False

    def check_leaving(self) -> None:
        """Raise where this worker has no business with the run any more."""
        if self.lost:
            raise FenceLost(f"run {self.run.id} is somebody else's now")
        if self.leaving.is_set():
            raise LetGo

    def pause(self, seconds: float) -> None:
        """Wait, but not when it is time to leave."""
        self.leaving.wait(seconds)
        self.check_leaving()

    def leave(self) -> None:
        """Let go now, whatever is being waited for."""
        self.leaving.set()
        if self.lines is not None:
            self.lines.close()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a supervisor works with."""

    records: Records
    engine: ContainerEngine
    store: FileStore
    folders: RunFolders
    bell: Doorbell
    settings: Settings
