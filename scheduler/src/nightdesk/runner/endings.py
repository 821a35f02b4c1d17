"""How a notebook's execution ended, decided from what was seen and put into words a person can act on."""

from __future__ import annotations

from .outcome import Outcome, error, how_it_ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .document import Cell
    from .kernel import Kernel

REASON_CHARACTERS = 500
NOBODY = "a run has nobody to answer, use a parameter instead"


class Endings:
    """Makes outcomes for a notebook of `cells` code cells."""

    def __init__(self, cells: int) -> None:
        self._cells = cells

    def of_reply(self, cell: Cell, reply: dict[str, Any], pending: bool) -> Outcome | None:
        """What a cell's reply means; None when the notebook may go on. `pending`: code cells come behind it."""
        if leaves(reply):
            return self._stopped_early(cell, "exit()") if pending else None
        if reply.get("status") == "ok" or cell.may_fail:
            return None
        kind = reply.get("ename", "Aborted")
        message = reply.get("evalue", "the kernel did not execute the cell")
        if kind == "SystemExit":
            asked = "" if message == "None" else message
            if asked in ("", "0") and not pending:
                return None
            return self._stopped_early(cell, f"sys.exit({asked})")
        hint = f"; {NOBODY}" if kind == "StdinNotImplementedError" else ""
        reason = f"{self._where(cell)} raised {kind}: {_short(message)}{hint}"
        return Outcome("code_failed", reason, error(kind, message, cell.number, reply.get("traceback")))

    def asked(self, cell: Cell, prompt: str) -> Outcome:
        """A cell asked a question, in a language whose kernel asks in spite of being told not to."""
        reason = f"{self._where(cell)} asked for input ({_short(prompt)!r}); {NOBODY}"
        return Outcome("code_failed", reason, error("StdinNotImplementedError", reason, cell.number))

    def terminated(self, cell: Cell | None) -> Outcome:
        return Outcome("terminated", f"asked to stop during {self._where(cell)}")

    def timed_out(self, cell: Cell, limit: float) -> Outcome:
        reason = f"{self._where(cell)} ran longer than {limit:g} seconds, the limit for a cell"
        return Outcome("cell_timed_out", reason, error("CellTimedOut", reason, cell.number))

    def not_ready(self, kernel: Kernel, seconds: float) -> Outcome:
        return self._died(kernel, f"the kernel was not ready after {seconds:.0f} seconds", None)

    def died(self, kernel: Kernel, cell: Cell | None) -> Outcome:
        how = "stopped answering" if kernel.status is None else f"ended with {how_it_ended(kernel.status)}"
        when = f"{self._where(cell)} was running" if cell else "it was starting"
        return self._died(kernel, f"the kernel {how} while {when}", cell)

    def _died(self, kernel: Kernel, reason: str, cell: Cell | None) -> Outcome:
        words = kernel.last_words()
        if words and not cell:  # before the first cell these are the kernel's own, not the notebook's
            reason += f": {_short(words[-1])}"
        return Outcome(
            "kernel_died", reason, error("KernelDied", reason, cell.number if cell else None, words)
        )

    def _stopped_early(self, cell: Cell, call: str) -> Outcome:
        reason = f"stopped early at {self._where(cell)}: {_short(call)}"
        return Outcome("stopped_early", reason, error("SystemExit", call, cell.number))

    def _where(self, cell: Cell | None) -> str:
        return f"cell {cell.number} of {self._cells}" if cell else "the kernel's start"


def leaves(reply: dict[str, Any]) -> bool:
    """Whether the code asked its kernel to end (`exit()`, `quit()`); the kernel is on its way out then."""
    return any(part.get("source") == "ask_exit" for part in reply.get("payload") or [])


def not_saved(outcome: Outcome, problem: OSError) -> Outcome:
    """The storage was full when the notebook was to be saved for the last time."""
    before = "" if outcome.reason is None else f" (before that: {outcome.reason})"
    reason = (
        f"storage is full: the notebook could not be saved with all its outputs, {problem.strerror}{before}"
    )
    return Outcome("storage_full", reason, outcome.error)


def _short(text: str) -> str:
    """The first line, or the beginning of it."""
    return (text.strip().splitlines() or [""])[0][:REASON_CHARACTERS]
