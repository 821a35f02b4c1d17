"""Executing a notebook, cell by cell, and deciding how it ended from what was seen."""

from __future__ import annotations

import signal
import time

from . import storage
from .conversation import Conversation, Request
from .document import Cell, Notebook
from .endings import Endings, leaves, not_saved
from .events import Events
from .job import Job
from .kernel import Kernel
from .metrics import Metrics
from .outcome import Outcome
from .raw_output import Mark
from .signals import Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

READY_SECONDS = 120.0
LATE_OUTPUT_SECONDS = 5.0
GRACE_SECONDS = {"terminated": 1.5, "timed_out": 5.0, "asked": 5.0}
LAST_WORDS_SECONDS = 0.3
SAVE_SECONDS = 2.0
RAW_OUTPUT_SECONDS = 1.0
EXIT_SECONDS = 30.0
EXIT_SECONDS_WHEN_TERMINATED = 1.5

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
        self.notebook = Notebook(job, events.masks)
        self.cells_done = 0
        self._timeout = job.cell_timeout
        self._endings = Endings(len(self.notebook.cells))
        self._kernel = kernel
        self._events = events
        self._signals = signals
        self._metrics = metrics
        self._talk = Conversation(job, kernel, self.notebook, events, signals)
        self._save_due = 0.0
        self._unsaved: OSError | None = None
        self._leaving = False
        self._idle = True
        self._last: Cell | None = None

    def execute(self) -> Outcome:
        """Execute until the end or the first thing that stops it, and leave the notebook saved."""
        self._save()
        outcome = self._prepare() or self._execute_cells()
        self._wait_for_raw_output()
        self._metrics.read()
        self._save()
        if not self._unsaved:
            return outcome
        if not storage.is_full(self._unsaved):
            raise self._unsaved
        self.notebook.leave_out_large_outputs()
        outcome = not_saved(outcome, self._unsaved)
        self._save()
        return outcome

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
        if self._last and self._talk.relays and self._idle and not self._leaving and not self._kernel.ended():
            mark = Mark()
            request = self._talk.execute_silently(mark.code)
            self._follow(lambda: mark.seen_in(request.texts) or self._kernel.ended(), RAW_OUTPUT_SECONDS)
            for name, text in mark.before(request.texts):
                self._talk.streams.write(self._last, name, text)
        self._talk.finish()

    def _prepare(self) -> Outcome | None:
        """Wait until the kernel answers and its output is sure to arrive."""
        deadline = time.monotonic() + READY_SECONDS
        talk = self._talk
        talk.ask_for_info()
        while not (talk.info and talk.heard):
            if self._signals.terminated:
                return self._endings.terminated(None)
            if self._kernel.ended():
                self._hear_last_words()
                return self._endings.died(self._kernel, None)
            if time.monotonic() > deadline:
                return self._endings.not_ready(self._kernel, READY_SECONDS)
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
            return self._endings.terminated(cell)
        self._events.emit("cell_started", cell=cell.number, index=cell.index)
        start = time.monotonic()
        self._last = cell
        request = self._talk.execute(cell)
        broken_off = self._await(request, start + self._timeout if self._timeout else None)
        self._talk.finish_cell()
        self._metrics.read()
        self._idle = request.done
        reply = request.reply
        self._leaving = reply is not None and leaves(reply)
        outcome = self._ending_of(cell, reply, broken_off)
        went_well = outcome is None or (self._leaving and not broken_off)
        raised = reply is None or reply.get("status") != "ok"
        self.cells_done += went_well
        self._finished(cell, "error" if raised or not went_well else "ok", time.monotonic() - start)
        return outcome

    def _ending_of(self, cell: Cell, reply: dict[str, Any] | None, broken_off: str | None) -> Outcome | None:
        if broken_off == "terminated":
            return self._endings.terminated(cell)
        if broken_off == "timed_out":
            return self._endings.timed_out(cell, self._timeout or 0.0)
        if broken_off == "asked":
            return self._endings.asked(cell, self._talk.question or "")
        if reply is None:
            return self._endings.died(self._kernel, cell)
        return self._endings.of_reply(cell, reply, self.notebook.executes_after(cell))

    def _await(self, request: Request, deadline: float | None) -> str | None:
        """Follow a request to its end; says why where it had to be interrupted (a key of `GRACE_SECONDS`)."""
        broken_off = None
        give_up = float("inf")
        while not request.done:
            now = time.monotonic()
            why = self._why_to_interrupt(deadline, now)
            if why and (not broken_off or (why == "terminated") > (broken_off == "terminated")):
                broken_off, give_up = why, now + GRACE_SECONDS[why]
                self._interrupt()
            if request.reply and give_up == float("inf"):
                give_up = now + LATE_OUTPUT_SECONDS
            if now >= give_up:
                break
            if self._kernel.ended():
                self._hear_last_words(request)
                break
            self._take(min(give_up, deadline if deadline and not broken_off else now + 1.0, now + 1.0))
        return broken_off

    def _why_to_interrupt(self, deadline: float | None, now: float) -> str | None:
        if self._signals.terminated:
            return "terminated"
        if self._talk.question is not None:
            return "asked"
        return "timed_out" if deadline and now >= deadline else None

    def _hear_last_words(self, request: Request | None = None) -> None:
        """What a kernel sent before it died may still be on its way."""
        pipes = self._kernel.pipes
        self._follow(
            lambda: request.done if request else not any(pipe.open for pipe in pipes), LAST_WORDS_SECONDS
        )

    def _follow(self, enough: Callable[[], bool], seconds: float) -> None:
        """Let the conversation go on until it is enough, for so long at most."""
        end = time.monotonic() + seconds
        while not enough() and time.monotonic() < end:
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
        if not self._kernel.ended() and talk.info and self._idle:
            if talk.info.get("implementation") != "ipython":
                talk.channels.control("shutdown_request", {"restart": False})
            elif not self._leaving:
                talk.execute_silently(LEAVE)
            if not self._signals.terminated:
                self._follow(lambda: self._kernel.ended() or self._signals.terminated, EXIT_SECONDS)
            self._follow(
                self._kernel.ended, EXIT_SECONDS_WHEN_TERMINATED if self._signals.terminated else 0.0
            )
