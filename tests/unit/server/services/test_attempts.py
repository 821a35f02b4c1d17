"""Further attempts, where the run asks for them; and faults of the platform's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Stage

from ..workbench import Bench, two_cells
from .stories import Failing, failing, nothing_left, whole
from .watching import care

pytestmark = pytest.mark.usefixtures("quick", "only_expected_errors")


# retries


def second_time_lucky(stage: Stage) -> Exit:
    """The first attempt fails."""
    return failing(stage) if stage.run.attempt == 1 else two_cells(stage)


def test_a_second_attempt_keeps_its_outputs_apart(bench: Bench) -> None:
    bench.play = second_time_lucky
    run = bench.submit(retries=1)
    supervisor = bench.supervisor()
    care(supervisor, run)
    again = bench.run(run)
    assert (again.status, again.attempt, again.worker, again.cell) == (Status.QUEUED, 2, None, 0)
    assert again.reason == "Cell 2 raised ValueError: no such year"
    assert bench.records.outputs([run.id])[run.id] == [], "those of the first attempt are not this one's"
    nothing_left(bench, run)
    care(supervisor, run)
    ended = bench.run(run)
    assert (ended.status, ended.attempt, ended.error) == (Status.SUCCEEDED, 2, None)
    assert bench.engine.starts == [(run.id, 1), (run.id, 2)]
    assert bench.history(run) == [
        "queued",
        "starting",
        "running",
        "queued",
        "starting",
        "running",
        "succeeded",
    ]
    assert whole(bench, ended)["table-2.csv"] == b"attempt,2\n"
    assert bench.output(again_with(again, 1), "table-1.csv") == b"attempt,1\n"
    assert bench.output(again_with(again, 1), "notebook.ipynb") == b'{"attempt": 1}'
    assert bench.output(again_with(again, 1), "log.txt") == b"fine\n"
    assert bench.log(ended) == "this is cell 1\nthis is cell 2\n"
    assert bench.log(again_with(ended, 1)) == "fine\n"
    nothing_left(bench, run)


def again_with(run: Run, attempt: int) -> Run:
    """The run as of another attempt."""
    return replace(run, attempt=attempt)


def test_no_more_attempts_than_asked_for(bench: Bench) -> None:
    bench.play = failing
    run = bench.submit(retries=2)
    for _ in range(5):
        care(bench.supervisor(), run)
    assert (bench.run(run).status, bench.run(run).attempt) == (Status.FAILED, 3)
    assert bench.engine.starts == [(run.id, 1), (run.id, 2), (run.id, 3)]
    assert bench.endings(run) == ["failed"]


def test_success_is_not_tried_again(bench: Bench) -> None:
    run = bench.submit(retries=5)
    care(bench.supervisor(), run)
    assert (bench.run(run).status, bench.run(run).attempt) == (Status.SUCCEEDED, 1)


# a fault of the platform's own


def test_a_fault_before_the_code_started_ends_the_run(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    engine = Failing(bench.engine, "create", ZeroDivisionError("a bug"), None)
    run = bench.submit()
    care(bench.supervisor(parts=replace(bench.parts, engine=engine)), run)
    ended = bench.run(run)
    assert ended.status is Status.FAILED
    assert ended.reason == (
        "The platform failed to look after the run (ZeroDivisionError); an admin finds more in its log."
    )
    assert "a bug" in caplog.text


def test_a_fault_while_it_runs_is_tried_by_others_but_not_for_ever(bench: Bench) -> None:
    engine = Failing(bench.engine, "follow", ZeroDivisionError("a bug"), 3)
    parts = replace(bench.parts, engine=engine)
    run = bench.submit()
    for number in range(4):
        assert not bench.run(run).final
        care(bench.supervisor(f"worker-{number}", parts), run)
    assert bench.run(run).status is Status.SUCCEEDED
    engine.left = None
    run = bench.submit()
    for number in range(20):
        care(bench.supervisor(f"worker-{number}", parts), run)
    assert bench.run(run).status is Status.LOST
    assert bench.run(run).fence <= 10
