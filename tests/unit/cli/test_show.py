"""nightdesk show: of a run that goes on, of one that was tried several times, of one that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]

AT = "2026-11-22T10:00:0{}Z"
HISTORY = {
    "changes": [
        {"at": AT.format(0), "attempt": 1, "status": "queued", "worker": None, "reason": None, "what": "submitted"},
        {"at": AT.format(5), "attempt": 2, "status": "queued", "worker": None, "reason": "no\x1b answer",
         "what": "attempt 1 failed, attempt 2 waits"},
    ],
    "attempts": [
        {"attempt": 1, "status": "failed", "reason": "no\x1b answer", "started_at": AT.format(1), "finished_at": AT.format(5)},
        {"attempt": 2, "status": "queued", "reason": None, "started_at": None, "finished_at": None},
    ],
}  # fmt: skip
FAILURE = {
    "reason": "Cell 2 of 3 raised KeyError: 'amount'",
    "error": {"type": "KeyError", "message": "'amount'", "cell": 2},
    "cell": {"number": 2, "source": "total = 0\nfor row in rows:", "lines": 5},
    "log": "reading\n\x1b]0;evil\x07all of it",
}


def test_how_far_it_is_and_how_long_it_is_going_to_take(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run(
        status="running", progress={"cell": 2, "cells": 3}, elapsed_seconds=41.0, expected_seconds=64.0
    )
    result = nightdesk("show", "run1")
    assert "running · cell 2 of 3 · about 20 s left" in result.out
    assert "so far       41s" in result.out


def test_what_holds_a_live_run_up(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run(
        status="running",
        progress={"cell": 1, "cells": 3},
        reason="The container is paused.",
        elapsed_seconds=5.0,
    )
    out = nightdesk("show", "run1").out
    assert "running · cell 1 of 3 · The container is paused.\n" in out
    assert "why" not in out


def test_limits_priority_and_retries(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run(
        timeout_seconds=43200.0,
        cell_timeout_seconds=600.0,
        retries=2,
        retry_wait_seconds=30.0,
        priority="high",
    )
    assert (
        "limits       12h 00m, 10m 00s for a cell; retries: 2, after 30s; priority: high"
        in nightdesk("show", "run1").out
    )
    signed_in.add_run("run2", timeout_seconds=60.0, retries=0, priority="normal")
    assert "limits       1m 00s\n" in nightdesk("show", "run2").out


def test_attempts_are_listed_once_there_are_several(signed_in: Any, nightdesk: Run) -> None:
    signed_in.histories["run1"] = HISTORY
    signed_in.add_run(attempt=2, retries=2, waiting="attempt 2 of 3 starts in 8 s: no answer")
    out = nightdesk("show", "run1").out
    assert "queued · attempt 2 of 3 starts in 8 s: no answer\n" in out
    assert "    1  failed after 4.0s: no\\x1b answer\n    2  queued\n" in out
    assert "submitted" in out
    assert "attempt 1 failed, attempt 2 waits" not in out, "the whole history is asked for"
    signed_in.requests.clear()
    signed_in.add_run("run2")
    assert "attempts" not in nightdesk("show", "run2").out
    assert len(signed_in.requests) == 1


def test_history(signed_in: Any, nightdesk: Run) -> None:
    signed_in.histories["run1"] = HISTORY
    signed_in.add_run()
    out = nightdesk("show", "run1", "--history").out
    assert "  submitted\n" in out
    assert "  attempt 1 failed, attempt 2 waits: no\\x1b answer\n" in out
    assert nightdesk("show", "run1", "--history", "--json").json == {"run": signed_in.runs["run1"], **HISTORY}
    assert nightdesk("show", "run1", "--json").json == signed_in.runs["run1"]


def test_a_failure_is_shown_with_its_cell_and_the_end_of_its_log(signed_in: Any, nightdesk: Run) -> None:
    signed_in.failures["run1"] = FAILURE
    signed_in.add_run(status="failed", reason=FAILURE["reason"], error=FAILURE["error"])
    out = nightdesk("show", "run1").out
    assert "Cell 2 of 3 raised KeyError: 'amount'" in out
    assert "KeyError: 'amount' (cell 2)" in out
    assert "  cell 2\n    total = 0\n    for row in rows:\n    … 3 more lines\n" in out
    assert "the last lines of its log  (all of it: nightdesk logs run1)\n    reading\n    all of it\n" in out


@pytest.mark.parametrize("status", ["succeeded", "cancelled", "running", "queued"])
def test_where_nothing_went_wrong_nothing_is_asked(signed_in: Any, nightdesk: Run, status: str) -> None:
    signed_in.add_run(status=status)
    nightdesk("show", "run1")
    assert not any(path.endswith("/failure") for _, path, _ in signed_in.requests)


def test_a_platform_that_cannot_say_more_does_no_harm(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run(status="failed", reason="It failed.")
    result = nightdesk("show", "run1")
    assert result.code == 0
    assert "It failed." in result.out
