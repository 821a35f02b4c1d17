"""What a run's end means: from what the runner said, how its container ended and what was asked of it.

The runner is believed about the code (which cell, which exception). About the container the
engine is: a process killed for memory leaves no word of its own, and may leave exit code 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nightdesk.server.domain.run import MOST_FILES, Ends, Run, RunError, Status

_FAILURES = {"code_failed", "bad_job", "stopped_early", "kernel_died", "cell_timed_out", "storage_full"}
_LONGEST = 4000  # characters of a reason or message that are kept


@dataclass(frozen=True, slots=True)
class Exit:
    """How a container ended, in the engine's words."""

    code: int
    out_of_memory: bool = False
    message: str = ""
    at: float | None = None  # seconds since 1970, where the engine says when
    with_engine: bool = False  # it ended because the engine itself did


@dataclass(frozen=True, slots=True)
class Ending:
    """A final status with its reason in words a person can act on."""

    status: Status
    reason: str
    error: RunError | None = None
    again: bool = True  # another attempt may end otherwise


def decide(run: Run, ended: Exit, finished: dict[str, Any] | None) -> Ending:
    """The one place that says how a run ended.

    Args:
        run: the run as on record, with progress up to its last event and why the platform ends it, if it does.
        ended: how its container ended.
        finished: the runner's ``finished`` event, None where it never came.
    """
    outcome = (finished or {}).get("outcome")
    if not isinstance(outcome, str):  # code can print events as well
        outcome = None
    error = _error(finished)
    if outcome == "succeeded" and ended.code == 0:
        return Ending(Status.SUCCEEDED, _success(run))
    if ended.out_of_memory and (outcome in {None, "kernel_died"} or _is_memory_error(error)):
        where = f" in cell {run.cell} of {run.cells}" if run.kind == "notebook" and run.cell else ""
        return Ending(
            Status.FAILED,
            f"Out of memory{where}: the limit of size '{run.size}' is {human_bytes(run.memory_bytes)}. "
            "Choose a larger size, or load less at a time.",
            RunError("OutOfMemory", f"limit {human_bytes(run.memory_bytes)}", run.cell or None),
        )
    if run.cancel_requested_at is not None and outcome in {None, "terminated", "kernel_died"}:
        return Ending(Status.CANCELLED, f"Cancelled by {run.cancelled_by or run.owner}{_at_cell(run)}.")
    if run.ending is not None and outcome in {None, "terminated", "kernel_died"}:
        return _ended_by_platform(run)
    if outcome in _FAILURES:
        words = _plain((finished or {}).get("reason") or "").strip() or "the code failed"
        if limit := _limit_met(run, error):
            words = f"{words.rstrip('.')}. {limit}"
        return Ending(Status.FAILED, words[:1].upper() + words[1:], error)
    if outcome == "succeeded":
        return Ending(
            Status.FAILED, f"The code finished, but its container ended with exit code {ended.code}."
        )
    if ended.with_engine:
        return Ending(
            Status.FAILED,
            f"The container engine was restarted{_at_cell(run)}, and the run ended with it. Submit it again.",
        )
    if ended.code in {137, 143} or outcome == "terminated":
        return Ending(
            Status.FAILED,
            f"Ended from outside{_at_cell(run)} (exit code {ended.code}): somebody stopped its container. "
            "Submit it again.",
        )
    words = f" The engine says: {_plain(ended.message)}." if ended.message else ""
    return Ending(
        Status.FAILED, f"The container ended with exit code {ended.code} before the runner finished.{words}"
    )


def removed_from_outside(run: Run) -> Ending:
    """The container is gone although nobody here removed it."""
    return Ending(
        Status.FAILED, f"The run's container was removed from outside{_at_cell(run)}. Submit it again."
    )


def could_not_start(words: str, again: bool = False) -> Ending:
    """The engine never started the container. ``again``: it may another time."""
    return Ending(Status.FAILED, f"The run could not be started: {words}", again=again)


def _ended_by_platform(run: Run) -> Ending:
    if run.ending == Ends.DISK:
        return Ending(
            Status.FAILED,
            f"Stopped{_at_cell(run)}: its files took more than the {human_bytes(run.disk_bytes)} of size '{run.size}'. "
            "Choose a larger size, or keep less on disk.",
            RunError("DiskLimit", f"limit {human_bytes(run.disk_bytes)}", run.cell or None),
        )
    if run.ending == Ends.FILES:
        return Ending(
            Status.FAILED,
            f"Stopped{_at_cell(run)}: it had more than {MOST_FILES:,} files and folders. "
            "Put more into each file, or remove those that are done with.",
            RunError("FilesLimit", f"limit {MOST_FILES:,}", run.cell or None),
        )
    return Ending(
        Status.TIMED_OUT,
        f"Stopped at its time limit of {human_seconds(run.timeout_seconds)}{_at_cell(run)}. "
        "Give it more time with --timeout, or make it shorter.",
    )


def _limit_met(run: Run, error: RunError | None) -> str:
    """What to do about an exception that a limit of the run's size brings about."""
    said = "" if error is None else f"{error.type}: {error.message}"
    if "[Errno 27]" in said:
        return (
            f"In size '{run.size}' one file may have {human_bytes(run.disk_bytes)}. "
            "Choose a larger size, or write several files."
        )
    if "can't start new thread" in said or "BlockingIOError: [Errno 11]" in said:
        return (
            f"Size '{run.size}' allows {run.pids_limit:,} processes and threads at a time. "
            "Choose a larger size, or start fewer."
        )
    if "[Errno 28]" in said:
        return (
            "The home and /tmp hold 1 GB each: larger files belong in the working folder. "
            "If it was that one, the platform's disk is full; tell an admin."
        )
    return ""


def comes_again(run: Run, now: float) -> str:
    """``attempt 2 of 3 starts in 8 s: Cell 2 of 5 raised …``, of a run that waits for its next attempt."""
    left = (run.not_before or now) - now
    when = f"starts in {human_seconds(math.ceil(left))}" if left > 0 else "is about to start"
    why = f": {run.reason}" if run.reason else ""
    return f"attempt {run.attempt} of {run.retries + 1} {when}{why}"


def _success(run: Run) -> str:
    if run.kind == "notebook":
        return f"All {run.cells} cells ran." if run.cells != 1 else "The cell ran."
    return "The script ended well."


def _error(finished: dict[str, Any] | None) -> RunError | None:
    error = (finished or {}).get("error")
    if not isinstance(error, dict):
        return None
    return RunError(
        _plain(error.get("type") or "Error")[:200],
        _plain(error.get("message") or ""),
        as_count(error.get("cell")),
    )


def as_count(value: Any) -> int | None:
    """A cell's number from an event: whatever else code may have forged there is None."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    return value if fits else None


def _plain(value: Any) -> str:
    """Text as every database takes it: without half characters and NUL, and not endless."""
    text = str(value)[:_LONGEST].encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "\ufffd")


def _is_memory_error(error: RunError | None) -> bool:
    return error is not None and error.type in {"MemoryError", "KernelDied"}


def _at_cell(run: Run) -> str:
    return f" in cell {run.cell} of {run.cells}" if run.kind == "notebook" and run.cell else ""


def human_bytes(count: int) -> str:
    """``4294967296`` → ``4 GB`` (1024-based, as the sizes in the settings are)."""
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1024:
            return f"{value:.1f}".removesuffix(".0") + f" {unit}"
        value /= 1024
    return f"{value:.1f}".removesuffix(".0") + " TB"


def human_seconds(seconds: float) -> str:
    """``5400`` → ``1 h 30 min``."""
    whole = round(seconds)
    parts = [(whole // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or f"{seconds:g} s"
