"""Cancelling: of what waits, of what runs, of what does not listen."""

from __future__ import annotations

import time

import pytest

from ..support.notebooks import notebook, printed
from ..support.people import Person
from ..support.platform import SLOTS
from ..support.waiting import until

pytestmark = pytest.mark.platform
DEAF = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    time.sleep(1)
"""


def test_a_run_that_waits_is_cancelled_at_once_and_never_starts(ada: Person) -> None:
    held = [ada.runs.hold() for _ in range(SLOTS)]
    try:
        waiting = ada.runs.submit(notebook("print('never')"))["id"]
        held[0].holding()
        until(lambda: ada.runs.show(waiting)["waiting"], "words on why the run waits")
        run = ada.runs.cancel(waiting)
        assert run["status"] == "cancelled"
        assert run["started_at"] is None
    finally:
        for each in held:
            ada.runs.cancel(each.id)
    for each in held:
        assert ada.runs.end(each.id)["status"] == "cancelled"
    assert not ada.platform.containers("run", f"label=org.nightdesk.run={waiting}", everything=True)


def test_a_run_under_way_ends_within_seconds_and_keeps_its_notebook(ada: Person) -> None:
    with ada.runs.hold() as held:
        held.holding()
        began = time.monotonic()
        done = ada.command("cancel", held.id)
        assert done.returncode == 0, done
        run = ada.runs.end(held.id)
        assert time.monotonic() - began < 12
        assert run["status"] == "cancelled"
        assert "ada" in run["reason"]
        assert "holding" in printed(ada.runs.output(held.id, "notebook.ipynb"))
        mine = f"label=org.nightdesk.run={held.id}"
        until(lambda: not ada.platform.containers("run", mine, everything=True), "the container's removal")


def test_code_that_ignores_being_asked_is_ended_all_the_same(ada: Person) -> None:
    run = ada.runs.submit(notebook("print('begin', flush=True)", DEAF))["id"]
    until(lambda: "deaf" in ada.runs.log(run), "the notebook that does not listen")
    began = time.monotonic()
    ada.runs.cancel(run)
    assert ada.runs.end(run)["status"] == "cancelled"
    assert time.monotonic() - began < 20


def test_nobody_cancels_somebody_elses_run(ada: Person, grace: Person) -> None:
    with ada.runs.hold() as held:
        held.holding()
        assert grace.runs.call("POST", f"/runs/{held.id}/cancel").status_code == 404
        held.succeed()
