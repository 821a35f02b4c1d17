"""A run that meets a limit of its size says which one it was, and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.outcome import Exit, decide
from nightdesk.server.domain.run import Ends, RunError, Status

from .runs import a_run

RUN = a_run(
    status=Status.RUNNING, cell=3, cells=7, started_at=1_790_000_001.0, disk_bytes=20 * 2**30, pids_limit=1024
)
TERMINATED = {"event": "finished", "outcome": "terminated", "reason": "terminated"}
DISK = (
    "Stopped in cell 3 of 7: its files took more than the 20 GB of size 'medium'. "
    "Choose a larger size, or keep less on disk."
)
FILES = (
    "Stopped in cell 3 of 7: it had more than 200,000 files and folders. "
    "Put more into each file, or remove those that are done with."
)


@pytest.mark.parametrize(
    ("why", "reason", "error"),
    [
        (Ends.DISK, DISK, RunError("DiskLimit", "limit 20 GB", 3)),
        (Ends.FILES, FILES, RunError("FilesLimit", "limit 200,000", 3)),
    ],
)
@pytest.mark.parametrize("finished", [TERMINATED, None])
def test_a_run_that_the_platform_ends(why: Ends, reason: str, error: RunError, finished: Any) -> None:
    ending = decide(replace(RUN, ending=why), Exit(143), finished)
    assert (ending.status, ending.reason, ending.error) == (Status.FAILED, reason, error)


def test_one_that_was_done_before_it_could_be_ended_has_succeeded() -> None:
    ending = decide(replace(RUN, ending=Ends.DISK), Exit(0), {"event": "finished", "outcome": "succeeded"})
    assert ending.status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("kind", "message", "hint"),
    [
        (
            "OSError",
            "[Errno 27] File too large",
            "In size 'medium' one file may have 20 GB. Choose a larger size, or write several files.",
        ),
        (
            "RuntimeError",
            "can't start new thread",
            "Size 'medium' allows 1,024 processes and threads at a time. Choose a larger size, or start fewer.",
        ),
        (
            "BlockingIOError",
            "[Errno 11] Resource temporarily unavailable",
            "Size 'medium' allows 1,024 processes and threads at a time. Choose a larger size, or start fewer.",
        ),
        (
            "OSError",
            "[Errno 28] No space left on device: '/tmp/x'",
            "The home and /tmp hold 1 GB each: larger files belong in the working folder. "
            "If it was that one, the platform's disk is full; tell an admin.",
        ),
    ],
)
def test_an_exception_that_a_limit_brings_about(kind: str, message: str, hint: str) -> None:
    error = {"type": kind, "message": message, "cell": 3}
    said = {
        "event": "finished",
        "outcome": "code_failed",
        "reason": f"cell 3 raised {kind}: {message}",
        "error": error,
    }
    ending = decide(RUN, Exit(1), said)
    assert ending.reason == f"Cell 3 raised {kind}: {message}. {hint}"
    assert ending.error == RunError(kind, message, 3)


def test_other_exceptions_are_left_as_they_are() -> None:
    error = {"type": "BlockingIOError", "message": "[Errno 35] would block", "cell": 3}
    said = {"event": "finished", "outcome": "code_failed", "reason": "cell 3 raised it", "error": error}
    assert decide(RUN, Exit(1), said).reason == "Cell 3 raised it"
