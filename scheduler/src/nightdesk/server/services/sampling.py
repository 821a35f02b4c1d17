"""What the runs in a worker's care take of the machine: looked at now and then, kept, and held to the limits.

The engine holds memory, cores and processes to their limits by itself. The disk it does not: run folders
share one volume, so a run that takes more of it than its size allows is ended from here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from nightdesk.server.domain.errors import ContainerGone, EngineError, FenceLost, Unavailable
from nightdesk.server.domain.run import MOST_FILES, Ends, Run
from nightdesk.server.ports.engine import ContainerSeen, Sample
from nightdesk.server.ports.files import FolderUse
from nightdesk.server.ports.records import Usage
from nightdesk.server.services.watch import Parts, Watch

_STEP_SECONDS = 2.0  # between two samples on record, while a run is young
_STEPS = 100  # later a hundredth of its time: some 650 samples in 12 hours, and none older than that
_COUNTING_SHARE = 20  # counting a folder that takes long to count is given a twentieth of the time
_COUNTING_PAUSE = 15.0  # but no folder grows unseen for longer
_NOTHING = FolderUse(0, 0)
_PAUSED = "Its container is paused"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Look:
    """What is remembered of a run between two looks at it."""

    since: float
    kept_at: float | None = None  # when the last sample was kept, or the first seen
    cpu_seconds: float = 0.0  # as of then
    memory_bytes: int = 0  # the most since then
    disk: FolderUse = _NOTHING
    count_at: float = 0.0


class Sampler:
    """One worker's eye on what its runs take; called each two seconds or so from a thread of its own."""

    def __init__(self, parts: Parts, clock: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._clock = clock
        self._looks: dict[Watch, _Look] = {}
        self._trouble: set[str] = set()  # what was logged already, and is not over

    def sample(self, watches: list[Watch]) -> None:
        """Look at each run once. Whatever goes wrong harms no run: the next look tries again."""
        self._looks = {watch: look for watch, look in self._looks.items() if watch in watches}
        for watch in watches:
            if watch.container is None or watch.lost or watch.leaving.is_set():
                continue
            look = self._looks.get(watch)
            if look is None:  # many runs are over before the next look, and cost nothing so
                self._looks[watch] = _Look(self._clock())
                continue
            try:
                self._look(watch, look, watch.container)
            except (ContainerGone, FenceLost):
                continue  # who follows the run finds that out and says so
            except EngineError as error:
                self._say("engine", error.message)
            except Unavailable as error:
                self._say("records", error.message)
            else:
                self._trouble.clear()

    def _look(self, watch: Watch, look: _Look, container: ContainerSeen) -> None:
        taken = self._parts.engine.sample(container)
        if taken is None:
            return
        watch.sampled = _most(watch.sampled, taken)
        self._tell_of_pause(watch, container, taken.paused)
        if not watch.stopping:
            self._hold_to_limits(watch, look)
        self._keep(watch.run, look, taken)

    def _tell_of_pause(self, watch: Watch, container: ContainerSeen, paused: bool) -> None:
        """Say on the run why nothing happens, and no longer when it goes on."""
        if paused == (watch.run.reason or "").startswith(_PAUSED):
            return
        words = (
            f"{_PAUSED}: nothing happens until somebody resumes it (docker unpause {container.id[:12]}) "
            "or the time limit ends it."
        )
        watch.change(self._parts.records, reason=words if paused else None)
        self._parts.bell.changed(watch.run.id)

    def _hold_to_limits(self, watch: Watch, look: _Look) -> None:
        began = self._clock()
        if began < look.count_at:
            return
        run = watch.run
        look.disk = self._parts.folders.used(run, FolderUse(run.disk_bytes, MOST_FILES))
        done = self._clock()
        look.count_at = done + min((done - began) * _COUNTING_SHARE, _COUNTING_PAUSE)
        if look.disk.bytes > run.disk_bytes:
            _log.warning("run %s: ended, it takes more of the disk than its size allows", run.id)
            watch.end(self._parts, Ends.DISK)
        elif look.disk.files > MOST_FILES:
            _log.warning("run %s: ended, it has more than %d files", run.id, MOST_FILES)
            watch.end(self._parts, Ends.FILES)

    def _keep(self, run: Run, look: _Look, taken: Sample) -> None:
        now = self._clock()
        look.memory_bytes = max(look.memory_bytes, taken.memory_bytes)
        if look.kept_at is not None:
            passed = now - look.kept_at
            if passed < max(_STEP_SECONDS * 0.9, (now - look.since) / _STEPS):
                return
            cores = max(taken.cpu_seconds - look.cpu_seconds, 0.0) / passed
            at = 0.0  # the database's clock says
            self._parts.records.add_usage(run, Usage(at, round(cores, 3), look.memory_bytes, look.disk.bytes))
            self._parts.bell.changed(run.id)
        look.kept_at, look.cpu_seconds, look.memory_bytes = now, taken.cpu_seconds, 0

    def _say(self, what: str, words: str) -> None:
        if what not in self._trouble:
            self._trouble.add(what)
            _log.warning("what runs take is not measured for now: %s", words)


def _most(before: Sample | None, now: Sample) -> Sample:
    if before is None:
        return now
    return Sample(now.cpu_seconds, max(before.memory_bytes, now.memory_bytes))
