"""One run in a worker's care, and what the worker takes care with."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from nightdesk.config import Settings
from nightdesk.server.domain.errors import ContainerGone, EngineError, FenceLost, Unavailable
from nightdesk.server.domain.run import Ends, Run
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.engine import ContainerEngine, ContainerSeen, Sample
from nightdesk.server.ports.files import FileStore, RunFolders
from nightdesk.server.ports.people import People
from nightdesk.server.ports.records import Records
from nightdesk.server.services.lines import Lines
from nightdesk.server.services.policies import PolicyBook

_log = logging.getLogger(__name__)


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
    ended: bool = False
    measured_at: float = 0.0  # when metrics were put on record last
    sampled: Sample | None = None  # CPU time as it was seen last, memory at its highest
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def change(self, records: Records, **changes: Any) -> Run:
        """Change the run on record; several threads of a worker do.

        Raises:
            FenceLost: it is another worker's now.
            Unavailable: the database does not answer.
        """
        with self._changing:
            self.run = records.change(self.run, **changes)
            return self.run

    def end(self, parts: Parts, why: Ends | None) -> None:
        """Stop the container: why is on record before, so that whoever comes next knows. Never raises.

        ``why`` is None where somebody asked for it.
        """
        if self.container is None or self.stopping:
            return
        self.stopping = True
        threading.Thread(
            target=self._stop, args=(parts, why), name=f"stop-{self.run.id}", daemon=True
        ).start()

    def _stop(self, parts: Parts, why: Ends | None) -> None:
        try:
            found = parts.engine.find(self.run)
            if found is None or found.state in {"exited", "dead"}:
                return  # it ended before it was to be: following it finds out how
            if why is not None and self.run.ending is None:
                self.change(parts.records, ending=why)
            if self.container is not None:
                parts.engine.stop(self.container, parts.settings.runs.grace_seconds)
        except ContainerGone:
            return  # following it finds that out and says so
        except FenceLost:
            return
        except (EngineError, Unavailable) as error:
            _log.warning("run %s: could not be stopped yet: %s", self.run.id, error)
            self.stopping = False

    def measures_again(self, seconds: float) -> bool:
        """Whether it is so long since this was true last; then it counts from now on."""
        now = time.monotonic()
        if now - self.measured_at < seconds:
            return False
        self.measured_at = now
        return True

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
    policies: PolicyBook
    people: People | None = None  # says who is in which groups; needed where groups share folders
    run_key: str = field(default="", repr=False)  # what the tokens of runs are made with
