"""nightdesk retry."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize("exact", [False, True])
def test_runs_it_again(signed_in: Any, nightdesk: Run, exact: bool) -> None:
    signed_in.add_run("run1", name="report.ipynb")
    option = ("--exact",) if exact else ()
    out = nightdesk("retry", "run1", *option).out
    assert "run run1-again is queued: report.ipynb" in out
    assert f"exact: {exact}" in out, "what the platform notes is said"
    assert json.loads(signed_in.bodies[-1]) == {"exact": exact}
    assert signed_in.requests[-1][1].endswith("/runs/run1/retry")
    assert nightdesk("retry", "run1", *option, "--json").json["id"] == "run1-again"


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1)])
def test_follows_it(signed_in: Any, nightdesk: Run, status: str, code: int) -> None:
    signed_in.add_run("run1")

    def go() -> None:
        while "run1-again" not in signed_in.runs:
            threading.Event().wait(0.005)
        signed_in.log("hello\n", "run1-again")
        signed_in.finish(status, "run1-again")

    thread = threading.Thread(target=go)
    thread.start()
    result = nightdesk("retry", "run1", "--watch")
    thread.join()
    assert result.code == code
    assert "hello\n" in result.err
    assert f"analysis.ipynb {status}" in result.out


def test_a_run_that_there_is_not(signed_in: Any, nightdesk: Run) -> None:
    result = nightdesk("retry", "none")
    assert (result.code, result.out) == (1, "")
    assert "there is no run 'none'" in result.err
    assert signed_in.runs == {}


def test_an_image_that_is_gone_says_what_to_do(signed_in: Any, nightdesk: Run) -> None:
    words = {"code": "conflict", "message": "python-data:1 was removed", "hint": "Build it again."}
    signed_in.answers.append((409, {"error": words}))
    result = nightdesk("retry", "run1", "--exact")
    assert result.code == 1
    assert result.err == "nightdesk: python-data:1 was removed\n  Build it again.\n"
