"""Odd ways to begin and to end: the same submit twice, code that leaves before it is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..support.notebooks import notebook
from ..support.people import Person
from .conftest import Ended
from .hostile import TWICE

pytestmark = pytest.mark.platform
Say = Callable[[object], None]


@pytest.mark.case(26)
def test_the_same_submit_ten_times_at_once_is_one_run(eve: Person, got: Say) -> None:
    def submit(number: int) -> tuple[str, bool]:
        run = eve.runs.submit(notebook(TWICE, f"# {number}"), key="report of today")
        return str(run["id"]), run["status"] == "queued"

    with ThreadPoolExecutor(10) as pool:
        ids = {run for run, _ in pool.map(submit, range(10))}
    (run,) = ids
    shown = eve.runs.end(run)
    assert shown["status"] == "succeeded", shown
    assert eve.runs.log(run) == f"started as {run}\n"
    assert submit(11)[0] == run, "and afterwards, too"
    got(f"10 submits at once: {len(ids)} run, started once")


@pytest.mark.case(26)
@pytest.mark.parametrize("key", ["", " ", "x" * 201, "two\nlines", "nul\x00", "\u202e"])
def test_a_key_that_nobody_could_read_is_refused(refused: Callable[..., str], key: str) -> None:
    assert "the idempotency key must be one line" in refused(notebook("1"), key=key)


@pytest.mark.case(29)
def test_an_exception_that_the_notebook_expects_is_no_failure(ended: Ended, got: Say) -> None:
    run = ended.succeeded("expected")
    assert "after" in ended.log("expected")
    got(f"raises-exception: {run['status']}")
    left = ended["exit"]
    assert (left["status"], left["error"]["cell"]) == ("failed", 2)
    assert "stopped early at cell 2 of 3" in left["reason"].lower()
    assert "\n3\n" not in ended.log("exit")
    got(f"sys.exit(0): {left['status']}, {left['reason']}")
    died = ended["os exit"]
    assert (died["status"], died["error"]["cell"]) == ("failed", 2)
    assert "kernel ended with exit code 0" in died["reason"]
    got(f"os._exit(0): {died['status']}, {died['reason']}")


@pytest.mark.case(29)
def test_leaving_in_the_last_cell_is_the_end(ended: Ended) -> None:
    ended.succeeded("exit at the end")
