"""Taking care of one run from its claim to its end, or until somebody else does.

A supervisor may die at any point. Whoever claims the run next finds its container by name and
reads its output again from the start, so nothing here needs to be remembered. Three rules make it safe:

- the run is on record as *running* before its container is started: a run that is only *starting*
  has run no code, and a running one whose container is gone was removed from outside;
- every change names the fence under which the run was claimed: whoever lost it is refused;
- why the platform ends a run is on record before its container is stopped.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, TypeVar

from nightdesk.server.domain.errors import (
    ContainerGone,
    EngineError,
    FenceLost,
    ImageMissing,
    NotFound,
    Refused,
    Unavailable,
)
from nightdesk.server.domain.outcome import Ending, Exit, could_not_start, decide, removed_from_outside
from nightdesk.server.domain.run import Ends, Output, Run, Status
from nightdesk.server.ports.engine import ContainerSeen
from nightdesk.server.ports.records import Records
from nightdesk.server.services.events import Progress
from nightdesk.server.services.finish import collect, manifest, peak_memory, store_manifest
from nightdesk.server.services.lines import Lines, Quiet
from nightdesk.server.services.measures import MEASURES_SECONDS, owes, record_measures
from nightdesk.server.services.pipelining import follow
from nightdesk.server.services.queue import dispatch
from nightdesk.server.services.start import lay_out, places_for, shared_with
from nightdesk.server.services.watch import LetGo, Parts, Watch

_FLUSH_SECONDS = 0.05
_FLUSH_PIECES = 500
_MARKERS = 2**20  # characters that the runner's own words in the log may take
_CLAIMS_BEFORE_GIVING_UP = 10
_RELEASE_SECONDS = 5.0  # what the engine or the database could not do now is not asked again at once
_START_TRIES = (1.0, 2.0, 4.0, 8.0, 15.0)  # pauses between tries to get a container started
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


def in_background(work: Callable[..., None], *arguments: Any) -> None:
    """In a thread; what becomes of a run is on record, not in an answer."""
    threading.Thread(target=_guarded, args=(work, *arguments), daemon=True).start()


def _guarded(work: Callable[..., None], *arguments: Any) -> None:
    try:
        work(*arguments)
    except Unavailable as error:  # the next sweep tries again
        _log.warning("nothing taken for now: %s", error.message)


class Supervisor:
    """One worker's care for runs; each of them in a thread of its own."""

    def __init__(self, parts: Parts, worker: str) -> None:
        self._parts = parts
        self.worker = worker
        self._watches: dict[str, Watch] = {}
        self._strays: dict[str, int] = {}
        self._leaving = threading.Event()

    def supervise(self, run_id: str) -> None:
        """Claim a queued run and see it through; returns at once where somebody else has it."""
        if self._leaving.is_set():
            return
        run = self._parts.records.claim(run_id, self.worker)
        if run is not None:
            self._care(run)

    def adopt(self, run: Run, beat: int | None) -> None:
        """Take over a live run whose worker is gone and see it through; see ``Records.adopt``."""
        if self._leaving.is_set() or run.id in self._watches:
            return
        mine = self._parts.records.adopt(run, self.worker, beat)
        if mine is not None:
            _log.info("run %s: adopted from %s", run.id, run.worker or "nobody")
            self._care(mine)

    def take(self, run_ids: list[str]) -> None:
        """Supervise queued runs that no bell could bring, each in a thread of its own."""
        for run_id in run_ids:
            in_background(self.supervise, run_id)

    def watches(self) -> list[Watch]:
        """The runs in this worker's care now."""
        return list(self._watches.values())

    def _care(self, run: Run) -> None:
        parts = self._parts
        watch = Watch(run)
        self._watches[run.id] = watch
        try:
            parts.bell.changed(run.id)
            container = self._container(watch)
            if container is not None:
                watch.container = container
                self._follow_to_end(watch, container)
        except LetGo:
            _log.info("run %s: let go, its container goes on", run.id)
        except FenceLost as error:
            _log.warning("run %s: another worker has it now: %s", run.id, error)
        except (Unavailable, EngineError) as error:
            _log.warning("run %s: given up for now: %s", run.id, error)
            self._release(watch)
        except Exception as error:  # noqa: BLE001 - the edge of this run: the worker goes on with others
            _log.exception("run %s: unexpected", run.id)
            self._give_up(watch, error)
        finally:
            # The next attempt may be in this worker's care by now: that watch is not ours to end.
            if self._watches.get(run.id) is watch:
                del self._watches[run.id]
        if not watch.ended:
            self._fill_slot()

    def _release(self, watch: Watch) -> None:
        """Somebody, perhaps this worker, takes the run up again, after a while."""
        with contextlib.suppress(LetGo, FenceLost):
            watch.pause(_RELEASE_SECONDS)
        with contextlib.suppress(Unavailable):  # it stays on record as ours: keep() sees that
            self._parts.records.release(watch.run)

    def _fill_slot(self) -> None:
        """There may be room for the next one now."""
        if not self._leaving.is_set():
            try:
                self.take(dispatch(self._parts))
            except Unavailable as error:
                _log.warning("nothing offered for now: %s", error.message)

    def _give_up(self, watch: Watch, error: Exception) -> None:
        """A fault of the platform's own: before the code started, or met again and again, it ends the run."""
        run = watch.run
        if run.status is not Status.STARTING and run.fence < _CLAIMS_BEFORE_GIVING_UP:
            return
        reason = f"The platform failed to look after the run ({type(error).__name__}); an admin finds more in its log."
        try:
            status = Status.FAILED if run.status is Status.STARTING else Status.LOST
            self._parts.records.change(run, status=status, reason=reason)
            self._parts.bell.changed(run.id)
        except (FenceLost, Unavailable) as again:
            _log.warning("run %s: could not be ended: %s", run.id, again)

    def keep(self) -> None:
        """Called each second: end what is to be ended, drop what was lost, release what nobody cares for."""
        watches = dict(self._watches)
        records = self._parts.records
        mine = {run.id: run for run in records.held(self.worker)}
        now, uptime = records.now(), records.uptime()
        for run_id, watch in watches.items():
            run = mine.get(run_id)
            if run is None or run.fence != watch.run.fence:
                if self._watches.get(run_id) is watch and not _ended(records, run_id):
                    watch.lost = True
                    watch.leave()
            elif run.cancel_requested_at is not None:
                watch.end(self._parts, None)
            elif run.started_at is not None and run.elapsed(now, uptime) >= run.timeout_seconds:
                watch.end(self._parts, Ends.TIME)
        strays = {run_id: run.fence for run_id, run in mine.items() if run_id not in self._watches}
        for run_id, fence in strays.items():
            if self._strays.get(run_id) == fence:  # seen twice: it was not just being taken
                _log.warning("run %s: on record as this worker's, but not in its care: released", run_id)
                records.release(mine[run_id])
        self._strays = strays

    def let_go(self) -> None:
        """The worker is leaving: no notebook is waited for, none is stopped."""
        self._leaving.set()
        for watch in self.watches():
            watch.leave()
        self._parts.records.let_go(self.worker)

    def _container(self, watch: Watch) -> ContainerSeen | None:
        """The run's container, started; None where the run has ended before."""
        parts, run = self._parts, watch.run
        for pause in (*_START_TRIES, None):
            answered = False
            try:
                found = parts.engine.find(run)
                answered = True
                if found is None and run.status is Status.RUNNING:
                    self._end(
                        watch, removed_from_outside(run), None, Progress(cell=run.cell, cells=run.cells)
                    )
                    return None
                if run.cancel_requested_at is not None and run.status is Status.STARTING:
                    self._cancelled_before_start(watch, found)
                    return None
                if found is None:
                    shared, places = shared_with(parts, run), places_for(parts, run)
                    lay_out(parts, run)
                    found = parts.engine.create(run, shared, places)
                if run.status is Status.STARTING:
                    run = watch.change(parts.records, status=Status.RUNNING)
                    parts.bell.changed(run.id)
                parts.engine.start(found)
                return found
            except ImageMissing as error:
                words = f"{error}. Its image was removed; submit with another version."
                self._end(watch, could_not_start(words), None, Progress(cells=run.cells))
                return None
            except Refused as error:
                self._end(watch, could_not_start(error.message), None, Progress(cells=run.cells))
                return None
            except EngineError as error:
                _log.warning("run %s: %s", run.id, error)
                if pause is None and not answered:
                    raise  # whether it goes on unseen or was never made is not known before the engine answers
                if pause is None:
                    self._end(watch, could_not_start(str(error), again=True), None, Progress(cells=run.cells))
                    return None
                watch.pause(pause)
        return None

    def _cancelled_before_start(self, watch: Watch, found: ContainerSeen | None) -> None:
        if found is not None:
            self._parts.engine.remove(found)
        reason = f"Cancelled by {watch.run.cancelled_by} before it started."
        self._end(watch, Ending(Status.CANCELLED, reason), None, Progress(cells=watch.run.cells))

    def _follow_to_end(self, watch: Watch, container: ContainerSeen) -> None:
        parts = self._parts
        number, length = parts.records.log_end(watch.run)
        progress = Progress(
            number=number,
            length=length,
            measured=parts.records.metrics_end(watch.run),
            cell=watch.run.cell,
            cells=watch.run.cells,
            most=parts.settings.runs.run_log_bytes + _MARKERS,
        )
        while True:
            try:
                self._follow(watch, container, progress)
                ended = parts.engine.wait(container, timeout=2)
                if ended is not None:
                    break
            except ContainerGone:
                watch.check_leaving()
                self._end(watch, removed_from_outside(watch.run), None, progress)
                return
            except EngineError as error:
                _log.warning("run %s: %s; looking again", watch.run.id, error)
            watch.pause(1.0)
        current = self._patiently(watch, lambda: self._mine(watch))
        ending = decide(_with_progress(current, progress), ended, progress.finished)
        self._end(watch, ending, ended, progress)
        parts.engine.remove(container)

    def _mine(self, watch: Watch) -> Run:
        """The run as it is on record now.

        Raises:
            FenceLost: somebody else cares for it.
        """
        current = self._parts.records.run(watch.run.id)
        if current is None or current.fence != watch.run.fence:
            raise FenceLost(f"run {watch.run.id} was changed by somebody else")
        watch.run = current
        return current

    def _follow(self, watch: Watch, container: ContainerSeen, progress: Progress) -> None:
        """Read the container's output to its end, putting it on record in small batches."""
        lines = watch.lines = Lines(self._parts.engine.follow(container), f"log-{watch.run.id}")
        try:
            due: float | None = None
            while True:
                watch.check_leaving()
                try:
                    line = lines.next(None if due is None else max(due - time.monotonic(), 0))
                except Quiet:
                    self._record(watch, progress)
                    due = time.monotonic() + MEASURES_SECONDS if owes(progress) else None
                    continue
                watch.check_leaving()
                if line is None:
                    break
                progress.take(line)
                if progress.finished is None and due is None:
                    due = time.monotonic() + _FLUSH_SECONDS
                if len(progress.waiting) >= _FLUSH_PIECES and progress.finished is None:
                    self._record(watch, progress)
                    due = None
            self._record(watch, progress, at_end=True)
        finally:
            lines.close()

    def _record(self, watch: Watch, progress: Progress, at_end: bool = False) -> None:
        parts, run = self._parts, watch.run
        try:
            news = bool(progress.waiting)
            if progress.waiting:
                parts.records.add_log(run, progress.waiting)
                progress.waiting = []
            moved = (progress.cell, progress.cells) != (run.cell, run.cells)
            if moved and not at_end:  # at the end the last change of status carries it
                watch.change(parts.records, cell=progress.cell, cells=progress.cells)
            measured = record_measures(parts.records, watch, progress, at_end)
            if news or moved or measured:
                parts.bell.changed(run.id)
        except Unavailable as error:
            if at_end:
                self._patiently(watch, lambda: parts.records.add_log(run, progress.waiting))
                progress.waiting = []
                self._patiently(watch, lambda: parts.records.add_metrics(run, progress.points))
                progress.points = []
            else:
                _log.warning("run %s: %s; kept and written later", run.id, error.message)

    def _end(self, watch: Watch, ending: Ending, ended: Exit | None, progress: Progress) -> None:
        """Outputs first, then the status; then what is no longer needed goes."""
        parts = self._parts
        progress.sampled = watch.sampled
        run = watch.run = self._patiently(watch, lambda: self._bring_home(watch, ending, ended, progress))
        watch.ended = True
        parts.bell.changed(run.id)
        follow(self._parts, run)
        self._fill_slot()  # the next one starts while what this one leaves is cleared away
        parts.folders.remove(run.id, run.attempt if run.final else run.attempt - 1)

    def _bring_home(self, watch: Watch, ending: Ending, ended: Exit | None, progress: Progress) -> Run:
        parts, run = self._parts, self._mine(watch)
        outputs: list[Output] = []
        if run.status is Status.RUNNING:
            outputs, _ = collect(parts.records, parts.store, parts.folders, run)
            packages = parts.records.packages(run.digest)
            document = manifest(run, ending, ended, progress, packages, parts.records.now())
            document["input"]["files"] = [asdict(file) for file in parts.folders.taken_along(run)]
            document["connections"] = parts.records.used_by(run.id, run.attempt)
            outputs.append(store_manifest(parts.store, run, document, outputs))
            parts.records.set_outputs(run, outputs, progress.times)
        if ending.status is Status.FAILED and ending.again and run.attempt <= run.retries:
            return watch.change(parts.records, **_next_attempt(run, ending, parts.records.now()))
        return watch.change(
            parts.records,
            status=ending.status,
            reason=ending.reason,
            error=ending.error,
            cell=progress.cell,
            cells=progress.cells,
            peak_memory_bytes=peak_memory(progress),
        )

    def _patiently(self, watch: Watch, step: Callable[[], _T]) -> _T:
        """Repeat a step until the database and the store take it; say on the run why it takes so long."""
        pause = 1.0
        while True:
            try:
                return step()
            except (Unavailable, NotFound) as error:
                _log.warning("run %s: %s; trying again", watch.run.id, error.message)
                try:
                    watch.change(self._parts.records, reason=f"Waiting to keep the outputs: {error.message}")
                except Unavailable:
                    _log.warning("run %s: the database does not answer", watch.run.id)
                watch.pause(pause)
                pause = min(pause * 2, 15.0)


def _next_attempt(run: Run, ending: Ending, now: float) -> dict[str, Any]:
    """Back into the queue, to wait a while."""
    return {
        "status": Status.QUEUED,
        "attempt": run.attempt + 1,
        "worker": None,
        "offered_at": None,
        "not_before": now + run.retry_wait,
        "started_at": None,
        "started_uptime": None,
        "ending": None,
        "cell": 0,
        "reason": ending.reason,  # of the attempt that is over; it is shown with when the next one starts
    }


def _ended(records: Records, run_id: str) -> bool:
    run = records.run(run_id)
    return run is not None and run.final


def _with_progress(run: Run, progress: Progress) -> Run:
    return replace(run, cell=progress.cell, cells=progress.cells)
