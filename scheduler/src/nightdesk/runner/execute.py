"""Executing a notebook, cell by cell, and deciding how it ended from what was seen."""

from __future__ import annotations

import signal
import time

from . import storage
from .conversation import Conversation, Request
from .document import Cell, Notebook
from .events import Events
from .job import Job
from .kernel import Kernel
from .metrics import Metrics
from .outcome import Outcome, error, how_it_ended
from .raw_output import RawOutputMark
from .signals import Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

READY_SECONDS = 120.0
LATE_OUTPUT_SECONDS = 5.0
GRACE_SECONDS = {"terminated": 1.5, "cell_timed_out": 5.0}
LAST_WORDS_SECONDS = 0.3
SAVE_SECONDS = 2.0
RAW_OUTPUT_SECONDS = 1.0
EXIT_SECONDS = 30.0

# Killed at once, a kernel would lose what Python does at its exit: files that were never closed and the
# hooks by which tracking libraries end their runs. ipykernel's own shutdown does them but can stall for
# seconds on its threads, so an ordinary request does them and ends the process. (In a function, because
# one of the hooks is IPython's own and empties the notebook's namespace.)
LEAVE = """
def leave():
    import atexit, os
    try:
        atexit._run_exitfuncs()
    finally:
        os._exit(0)
leave()
"""


class NotebookRun:
    """One execution of one notebook by a kernel that was started already."""

    def __init__(self, job: Job, kernel: Kernel, events: Events, signals: Signals, metrics: Metrics) -> None:
        self.notebook = Notebook(job)
        self.cells_done = 0
        self._timeout = job.cell_timeout
        self._kernel = kernel
        self._events = events
        self._signals = signals
        self._metrics = metrics
        self._talk = Conversation(job, kernel, self.notebook, events, signals)
        self._save_due = 0.0
        self._unsaved: OSError | None = None
        self._ending = False
        self._idle = True
        self._last: Cell | None = None

    def execute(self) -> Outcome:
        """Execute until the end or the first thing that stops it, and leave the notebook saved."""
        self._save()
        outcome = self._prepare() or self._execute_cells()
        self._wait_for_raw_output()
        self._metrics.read()
        self._save()
        if self._unsaved and not storage.is_full(self._unsaved):
            raise self._unsaved
        return _unsaved_outcome(outcome, self._unsaved) if self._unsaved else outcome

    def _execute_cells(self) -> Outcome:
        for cell in self.notebook.cells:
            if not cell.executes:
                self._skip(cell)
                continue
            outcome = self._execute(cell)
            if outcome:
                return outcome
        return Outcome("succeeded")

    def _wait_for_raw_output(self) -> None:
        """Text that went past Python to the kernel's descriptors may come after its cell was done.

        Between cells it then shows up in the next one, as in a session; behind the last one it would be lost.
        """
        if self._last and self._talk.relays and self._idle and not self._ending and not self._kernel.ended():
            mark = RawOutputMark()
            request = self._talk.execute_silently(mark.code)
            self._follow(lambda: mark.seen_in(request.texts) or self._kernel.ended(), RAW_OUTPUT_SECONDS)
            for name, text in mark.before(request.texts):
                self._talk.streams.write(self._last, name, text)
            self._talk.streams.flush()

    def _prepare(self) -> Outcome | None:
        """Wait until the kernel answers and its output is sure to arrive."""
        deadline = time.monotonic() + READY_SECONDS
        talk = self._talk
        talk.ask_for_info()
        while not (talk.info and talk.heard):
            if self._signals.terminated:
                return self._stopped("terminated", None)
            if self._kernel.ended():
                return self._died(None)
            if time.monotonic() > deadline:
                return self._died(None, f"was not ready after {READY_SECONDS:.0f} seconds")
            if talk.info:  # it answers, but was not heard on iopub, so our subscription came later: ask again
                talk.ask_for_info()
            self._take(time.monotonic() + (0.05 if talk.info else 1.0))
        if "language_info" in talk.info:
            self.notebook.metadata["language_info"] = talk.info["language_info"]
        return None

    def _skip(self, cell: Cell) -> None:
        self._events.emit("cell_started", cell=cell.number, index=cell.index)
        self.cells_done += 1
        self._finished(cell, "skipped", 0.0)

    def _execute(self, cell: Cell) -> Outcome | None:
        """Execute one cell; None when the next one may follow."""
        if self._signals.terminated:
            return self._stopped("terminated", cell)
        self._events.emit("cell_started", cell=cell.number, index=cell.index)
        start = time.monotonic()
        self._last = cell
        request = self._talk.execute(cell)
        broken_off = self._await(request, start + self._timeout if self._timeout else None)
        self._talk.finish_cell()
        self._metrics.read()
        self._idle = request.done
        reply = request.reply
        if broken_off:
            outcome: Outcome | None = self._stopped(broken_off, cell)
        elif reply is None:
            outcome = self._died(cell)
        else:
            outcome = self._judge(cell, reply)
        went_well = outcome is None or (self._ending and not broken_off)
        raised = reply is None or reply.get("status") != "ok"
        self.cells_done += went_well
        self._finished(cell, "error" if raised or not went_well else "ok", time.monotonic() - start)
        return outcome

    def _await(self, request: Request, deadline: float | None) -> str | None:
        """Follow a request to its end; the outcome's name when it was interrupted, by time or by a signal."""
        broken_off = None
        give_up = float("inf")
        while not request.done:
            now = time.monotonic()
            if self._signals.terminated and broken_off != "terminated":
                broken_off, give_up = "terminated", now + GRACE_SECONDS["terminated"]
                self._interrupt()
            elif deadline and now >= deadline and not broken_off:
                broken_off, give_up = "cell_timed_out", now + GRACE_SECONDS["cell_timed_out"]
                self._interrupt()
            if request.reply and give_up == float("inf"):
                give_up = now + LATE_OUTPUT_SECONDS
            if now >= give_up:
                break
            if self._kernel.ended():
                # What it sent before it died may still be on its way.
                self._follow(lambda: request.done, LAST_WORDS_SECONDS)
                break
            self._take(min(give_up, deadline if deadline and not broken_off else now + 1.0, now + 1.0))
        return broken_off

    def _follow(self, enough: Callable[[], bool], seconds: float) -> None:
        """Let the conversation go on until it is enough, for so long at most."""
        end = time.monotonic() + seconds
        while not enough() and not self._signals.terminated and time.monotonic() < end:
            self._talk.take(min(end, time.monotonic() + 0.05))

    def _interrupt(self) -> None:
        if self._kernel.spec.interrupted_by_message:
            self._talk.channels.control("interrupt_request", {})
        else:
            self._kernel.signal(signal.SIGINT)

    def _take(self, until: float) -> None:
        """Let the conversation go on for a moment, then do what is due beside it."""
        self._talk.take(min(until, self._metrics.due, self._save_due if self._talk.changed else until))
        now = time.monotonic()
        if now >= self._metrics.due:
            self._metrics.read()
        if now >= self._save_due and self._talk.changed:
            self._save()

    def _finished(self, cell: Cell, status: str, seconds: float) -> None:
        self._talk.changed = True
        self._events.emit(
            "cell_finished", cell=cell.number, index=cell.index, status=status, seconds=round(seconds, 3)
        )

    def _judge(self, cell: Cell, reply: dict[str, Any]) -> Outcome | None:
        self._ending = any(part.get("source") == "ask_exit" for part in reply.get("payload") or [])
        pending = self.notebook.executes_after(cell)
        if self._ending:
            return self._stopped_early(cell, "exit()") if pending else None
        if reply.get("status") == "ok" or cell.may_fail:
            return None
        kind, message = (
            reply.get("ename", "Aborted"),
            reply.get("evalue", "the kernel did not execute the cell"),
        )
        if kind == "SystemExit":
            if message in ("", "0", "None") and not pending:
                return None
            return self._stopped_early(cell, f"sys.exit({'' if message == 'None' else message})")
        where = f"cell {cell.number} of {len(self.notebook.cells)}"
        hint = (
            "; a run has nobody to answer, use a parameter instead"
            if kind == "StdinNotImplementedError"
            else ""
        )
        return Outcome(
            "code_failed",
            f"{where} raised {kind}: {message[:500]}{hint}",
            error(kind, message, cell.number, reply.get("traceback")),
        )

    def _stopped_early(self, cell: Cell, call: str) -> Outcome:
        reason = f"stopped early at cell {cell.number} of {len(self.notebook.cells)}: {call[:500]}"
        return Outcome("stopped_early", reason, error("SystemExit", call, cell.number))

    def _stopped(self, name: str, cell: Cell | None) -> Outcome:
        where = f"cell {cell.number} of {len(self.notebook.cells)}" if cell else "the kernel's start"
        if name == "terminated":
            return Outcome(name, f"asked to stop during {where}")
        reason = f"{where} ran longer than {self._timeout:g} seconds, the limit for a cell"
        return Outcome(name, reason, error("CellTimedOut", reason, cell.number if cell else None))

    def _died(self, cell: Cell | None, why: str = "") -> Outcome:
        self._follow(lambda: not any(pipe.open for pipe in self._kernel.pipes), LAST_WORDS_SECONDS)
        status = self._kernel.status
        how = why or (f"ended with {how_it_ended(status)}" if status is not None else "stopped answering")
        where = (
            f"while cell {cell.number} of {len(self.notebook.cells)} was running"
            if cell
            else "while it was starting"
        )
        words = self._kernel.last_words()
        last = "" if cell or not words else f": {words[-1][:500]}"
        reason = f"the kernel {how} {where}{last}"
        return Outcome(
            "kernel_died", reason, error("KernelDied", reason, cell.number if cell else None, words)
        )

    def _save(self) -> None:
        """Save the notebook; full storage is tried again later and judged at the end."""
        start = time.monotonic()
        self._unsaved = None
        try:
            self.notebook.save()
        except OSError as problem:
            self._unsaved = problem
        self._talk.changed = False
        now = time.monotonic()
        self._save_due = now + max(SAVE_SECONDS, 10 * (now - start))

    def close(self) -> None:
        """Let the kernel do what it does at its exit, if it still can."""
        talk = self._talk
        if not self._kernel.ended() and talk.info and self._idle and not self._signals.terminated:
            if talk.info.get("implementation") != "ipython":
                talk.channels.control("shutdown_request", {"restart": False})
            elif not self._ending:
                talk.execute_silently(LEAVE)
            self._follow(self._kernel.ended, EXIT_SECONDS)


def _unsaved_outcome(outcome: Outcome, problem: OSError) -> Outcome:
    before = "" if outcome.reason is None else f" (before that: {outcome.reason})"
    reason = f"storage is full: the notebook could not be saved as it ended, {problem.strerror}{before}"
    return Outcome("storage_full", reason, outcome.error)
