"""What a run's end means: one row for each way in which runs end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.outcome import (
    Exit,
    comes_again,
    could_not_start,
    decide,
    human_bytes,
    human_seconds,
    removed_from_outside,
)
from nightdesk.server.domain.run import Ends, Run, RunError, Status

from .runs import a_run

RUN = a_run(status=Status.RUNNING, cell=3, cells=7, started_at=1_790_000_001.0)
SCRIPT = replace(RUN, kind="script", file="job.py", cell=0, cells=0)
CANCELLED = replace(RUN, cancel_requested_at=1_790_000_100.0, cancelled_by="root")
OOM = "Out of memory in cell 3 of 7: the limit of size 'medium' is 4 GB. Choose a larger size, or load less at a time."
OUTSIDE = "Ended from outside in cell 3 of 7 (exit code {}): somebody stopped its container. Submit it again."
TIMED_OUT = (
    "Stopped at its time limit of 1 h in cell 3 of 7. Give it more time with --timeout, or make it shorter."
)


def said(outcome: str, reason: str = "", error: dict[str, Any] | None = None) -> dict[str, Any]:
    """The runner's last event."""
    return {"event": "finished", "outcome": outcome, "reason": reason, "error": error}


VALUE_ERROR = {"type": "ValueError", "message": "no such year", "cell": 3, "traceback": "…"}
MEMORY_ERROR = {"type": "MemoryError", "message": "", "cell": 3}
KERNEL_DIED = {"type": "KernelDied", "message": "the kernel died", "cell": 3}


@pytest.mark.parametrize(
    ("run", "ended", "finished", "status", "reason"),
    [
        # the code's own ends
        (RUN, Exit(0), said("succeeded"), "succeeded", "All 7 cells ran."),
        (replace(RUN, cells=1), Exit(0), said("succeeded"), "succeeded", "The cell ran."),
        (SCRIPT, Exit(0), said("succeeded"), "succeeded", "The script ended well."),
        (RUN, Exit(1), said("code_failed", "it raised", VALUE_ERROR), "failed", "It raised"),
        (RUN, Exit(1), said("code_failed"), "failed", "The code failed"),
        (SCRIPT, Exit(1), said("code_failed", "it ended with exit code 3"), "failed", "It ended with exit code 3"),
        (RUN, Exit(2), said("bad_job", "the kernel 'ir' is not in this image"), "failed", "The kernel 'ir' is not in this image"),
        (RUN, Exit(3), said("stopped_early", "stopped early at cell 3"), "failed", "Stopped early at cell 3"),
        (RUN, Exit(4), said("kernel_died", "the kernel died in cell 3", KERNEL_DIED), "failed", "The kernel died in cell 3"),
        (RUN, Exit(5), said("cell_timed_out", "cell 3 took longer than 60 s"), "failed", "Cell 3 took longer than 60 s"),
        (RUN, Exit(6), said("storage_full", "storage full"), "failed", "Storage full"),
        # out of memory: what the engine says decides, whatever the exit code is
        (RUN, Exit(137, out_of_memory=True), None, "failed", OOM),
        (RUN, Exit(0, out_of_memory=True), None, "failed", OOM),
        (RUN, Exit(4, out_of_memory=True), said("kernel_died", "the kernel died", KERNEL_DIED), "failed", OOM),
        (RUN, Exit(1, out_of_memory=True), said("code_failed", "x", MEMORY_ERROR), "failed", OOM),
        (SCRIPT, Exit(137, out_of_memory=True), None, "failed", OOM.replace(" in cell 3 of 7", "")),
        (replace(RUN, cell=0), Exit(137, out_of_memory=True), None, "failed", OOM.replace(" in cell 3 of 7", "")),
        (CANCELLED, Exit(137, out_of_memory=True), None, "failed", OOM),
        # … but a child that was killed for memory does not spoil code that went on, nor code that failed otherwise
        (RUN, Exit(0, out_of_memory=True), said("succeeded"), "succeeded", "All 7 cells ran."),
        (RUN, Exit(1, out_of_memory=True), said("code_failed", "it raised", VALUE_ERROR), "failed", "It raised"),
        # cancelled
        (CANCELLED, Exit(143), said("terminated"), "cancelled", "Cancelled by root in cell 3 of 7."),
        (CANCELLED, Exit(137), None, "cancelled", "Cancelled by root in cell 3 of 7."),
        (CANCELLED, Exit(4), said("kernel_died"), "cancelled", "Cancelled by root in cell 3 of 7."),
        (replace(CANCELLED, cell=0), Exit(143), None, "cancelled", "Cancelled by root."),
        (replace(CANCELLED, kind="script"), Exit(143), None, "cancelled", "Cancelled by root."),
        (replace(CANCELLED, cancelled_by=None), Exit(143), None, "cancelled", "Cancelled by ada in cell 3 of 7."),
        # … too late: what the code did counts
        (CANCELLED, Exit(0), said("succeeded"), "succeeded", "All 7 cells ran."),
        (CANCELLED, Exit(1), said("code_failed", "it raised ValueError"), "failed", "It raised ValueError"),
        # from outside, or without a word
        (RUN, Exit(143), said("terminated"), "failed", OUTSIDE.format(143)),
        (RUN, Exit(143), None, "failed", OUTSIDE.format(143)),
        (RUN, Exit(137), None, "failed", OUTSIDE.format(137)),
        (RUN, Exit(137), said("succeeded"), "failed", "The code finished, but its container ended with exit code 137."),
        (RUN, Exit(1), said("succeeded"), "failed", "The code finished, but its container ended with exit code 1."),
        (RUN, Exit(0), None, "failed", "The container ended with exit code 0 before the runner finished."),
        (RUN, Exit(127, message="exec: python3: not found"), None, "failed",
         "The container ended with exit code 127 before the runner finished. The engine says: exec: python3: not found."),
        (RUN, Exit(5), {"event": "finished"}, "failed", "The container ended with exit code 5 before the runner finished."),
    ],
)  # fmt: skip
def test_how_a_run_ended(
    run: Run, ended: Exit, finished: dict[str, Any] | None, status: str, reason: str
) -> None:
    ending = decide(run, ended, finished)
    assert (ending.status.value, ending.reason) == (status, reason)
    assert ending.status.final


@pytest.mark.parametrize(
    ("ended", "finished", "status", "reason"),
    [
        (Exit(143), said("terminated"), "timed_out", TIMED_OUT),
        (Exit(137), None, "timed_out", TIMED_OUT),  # it ignored SIGTERM
        (Exit(4), said("kernel_died"), "timed_out", TIMED_OUT),
        (Exit(0), said("succeeded"), "succeeded", "All 7 cells ran."),  # it was just done
        (Exit(1), said("code_failed", "it raised ValueError"), "failed", "It raised ValueError"),
    ],
)
def test_at_its_time_limit(ended: Exit, finished: dict[str, Any] | None, status: str, reason: str) -> None:
    ending = decide(replace(RUN, ending=Ends.TIME), ended, finished)
    assert (ending.status.value, ending.reason) == (status, reason)


def test_a_wish_to_cancel_counts_more_than_the_time_limit() -> None:
    assert decide(replace(CANCELLED, ending=Ends.TIME), Exit(143), None).status is Status.CANCELLED


def test_at_its_limit_of_disk() -> None:
    ending = decide(replace(RUN, ending=Ends.DISK, disk_bytes=2**30), Exit(143), said("terminated"))
    assert (ending.status, ending.reason) == (
        Status.FAILED,
        "Stopped in cell 3 of 7: its files took more than the 1 GB of size 'medium'. "
        "Choose a larger size, or keep less on disk.",
    )


@pytest.mark.parametrize("code", [137, 143, 255])
def test_an_engine_that_was_restarted_is_named(code: int) -> None:
    ending = decide(RUN, Exit(code, with_engine=True), None)
    assert (ending.status, ending.reason) == (
        Status.FAILED,
        "The container engine was restarted in cell 3 of 7, and the run ended with it. Submit it again.",
    )


def test_the_error_is_the_code_s_own_with_its_cell() -> None:
    ending = decide(RUN, Exit(1), said("code_failed", "…", VALUE_ERROR))
    assert ending.error == RunError("ValueError", "no such year", 3)


def test_the_error_of_a_run_out_of_memory_names_limit_and_cell() -> None:
    assert decide(RUN, Exit(137, True), None).error == RunError("OutOfMemory", "limit 4 GB", 3)
    assert decide(SCRIPT, Exit(137, True), None).error == RunError("OutOfMemory", "limit 4 GB", None)


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ({"type": "E" * 500, "message": "m" * 9000, "cell": 1}, RunError("E" * 200, "m" * 4000, 1)),
        ({"type": None, "message": None}, RunError("Error", "", None)),
        ({"type": "E", "message": "half \ud800, \x00", "cell": "3"}, RunError("E", "half ?, \ufffd", None)),
        ({"type": "E", "message": "x", "cell": True}, RunError("E", "x", None)),
        ({"type": "E", "message": "x", "cell": 10**30}, RunError("E", "x", None)),
        ("not an object", None),
        (None, None),
    ],
)
def test_an_odd_error_can_still_be_put_on_record(error: Any, kept: RunError | None) -> None:
    assert decide(RUN, Exit(1), said("code_failed", "…", error)).error == kept


def test_an_odd_reason_can_still_be_put_on_record() -> None:
    ending = decide(RUN, Exit(1), said("code_failed", "half \ud800, \x00" + "x" * 10_000))
    assert ending.reason.startswith("Half ?, \ufffdx")
    assert len(ending.reason) <= 4000
    assert decide(RUN, Exit(1, message="\ud800"), None).reason.endswith("The engine says: ?.")


def test_ends_without_a_container() -> None:
    ending = removed_from_outside(RUN)
    words = "The run's container was removed from outside in cell 3 of 7. Submit it again."
    assert (ending.status, ending.reason) == (Status.FAILED, words)
    ending = could_not_start("no room")
    assert (ending.status, ending.reason) == (Status.FAILED, "The run could not be started: no room")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KB"), (1536, "1.5 KB"), (4 * 2**30, "4 GB"),
        (2**40, "1 TB"), (5 * 2**50, "5120 TB"),
    ],
)  # fmt: skip
def test_human_bytes(count: int, words: str) -> None:
    assert human_bytes(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0.4 s"), (1, "1 s"), (59.6, "1 min"), (90, "1 min 30 s"), (5400, "1 h 30 min"), (86400, "24 h"),
        (3601, "1 h 1 s"),
    ],
)  # fmt: skip
def test_human_seconds(seconds: float, words: str) -> None:
    assert human_seconds(seconds) == words


# waiting for the next attempt


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (7.2, "attempt 2 of 3 starts in 8 s: Cell 2 of 5 raised ValueError: no"),
        (600.0, "attempt 2 of 3 starts in 10 min: Cell 2 of 5 raised ValueError: no"),
        (0.0, "attempt 2 of 3 is about to start: Cell 2 of 5 raised ValueError: no"),
        (-5.0, "attempt 2 of 3 is about to start: Cell 2 of 5 raised ValueError: no"),
    ],
)
def test_when_the_next_attempt_comes_and_why(left: float, words: str) -> None:
    run = a_run(attempt=2, retries=2, not_before=1000.0, reason="Cell 2 of 5 raised ValueError: no")
    assert comes_again(run, 1000.0 - left) == words


def test_a_next_attempt_that_nothing_is_known_about() -> None:
    assert comes_again(a_run(attempt=2, retries=1), 5.0) == "attempt 2 of 2 is about to start"
