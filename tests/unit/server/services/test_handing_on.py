"""Leases and letting go: how a run passes from one worker to another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Status
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services.lookout import Lookout
from nightdesk.server.services.queue import dispatch
from nightdesk.server.services.sweep import sweep

from ..workbench import Bench
from .plays import PATIENT_LOG, patient
from .watching import Worker, care, running, until

pytestmark = pytest.mark.usefixtures("quick")


# leases


def test_nobody_takes_a_run_from_a_worker_that_lives(bench: Bench) -> None:
    bench.play = patient
    run = bench.submit()
    worker = Worker(bench.supervisor("one"), run)
    running(bench, run, "waiting\n")
    clock = [0.0]
    lookout = Lookout(lambda: clock[0])
    for _ in range(10):
        bench.records.beat("one", 1, 2**40)
        sweep(bench.parts, bench.supervisor("two"), lookout)
        clock[0] += 15
    assert bench.run(run).worker == "one"
    bench.engine.stage(run).cue("go")
    worker.join()
    assert bench.run(run).status is Status.SUCCEEDED


def test_a_run_on_record_as_a_worker_s_that_it_does_not_look_after_is_released(bench: Bench) -> None:
    """The database was away when the worker gave it up for now."""
    run = bench.submit()
    bench.records.claim(run.id, "one")
    supervisor = bench.supervisor("one")
    supervisor.keep()
    assert bench.run(run).worker == "one", "it may be in the middle of being taken"
    supervisor.keep()
    assert bench.run(run).worker is None


def test_a_worker_that_lost_a_run_stops_touching_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A worker was stopped past its lease and comes back while another has its run."""
    bench.play = patient
    run = bench.submit()
    stale = Worker(bench.supervisor("stale"), run)
    running(bench, run, "waiting\n")
    fresh = Worker(bench.supervisor("fresh"), run)
    until(lambda: bench.run(run).worker == "fresh", "another worker adopts it")
    stale.supervisor.keep()
    stale.join()
    assert bench.run(run).worker == "fresh"
    assert "another worker has it now" in caplog.text
    bench.engine.stage(run).cue("go")
    fresh.join()
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.endings(run) == ["succeeded"]
    assert bench.log(run) == PATIENT_LOG


def test_a_worker_that_does_not_know_yet_is_refused(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.play = patient
    run = bench.submit()
    stale = Worker(bench.supervisor("stale"), run)
    running(bench, run, "waiting\n")
    assert bench.records.adopt(bench.run(run), "fresh", None) is not None
    bench.engine.stage(run).cue("go")
    stale.join()
    assert bench.run(run).status is Status.RUNNING
    assert bench.run(run).worker == "fresh"
    assert bench.records.outputs([run.id])[run.id] == []
    assert len(bench.engine.all()) == 1, "and the container is the other's to remove"
    assert "another worker has it now" in caplog.text


def test_a_watch_of_the_next_attempt_is_kept(bench: Bench) -> None:
    """The first attempt's supervisor is still tidying up when the second one is in this worker's care."""
    second: list[Worker] = []

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.engine, name)

        def remove(self, container: Any) -> None:
            if container.attempt == 1:
                second.append(Worker(supervisor, run))
                until(lambda: len(bench.engine.starts) == 2, "the second attempt is running")
            bench.engine.remove(container)

    def play(stage: Stage) -> Exit:
        if stage.run.attempt == 1:
            stage.event("finished", outcome="code_failed", reason="it failed")
            return Exit(1)
        return patient(stage)

    bench.play = play
    run = bench.submit(retries=1)
    supervisor = bench.supervisor(parts=replace(bench.parts, engine=Slow()))  # type: ignore[arg-type]
    Worker(supervisor, run).join()
    supervisor.keep()
    supervisor.keep()
    assert bench.run(run).worker == supervisor.worker, "it is held"
    bench.engine.stage(bench.run(run)).cue("go")
    second[0].join()
    assert bench.run(run).status is Status.SUCCEEDED


# letting go


def test_a_worker_that_leaves_waits_for_no_notebook_and_stops_none(bench: Bench) -> None:
    bench.play = patient
    run = bench.submit()
    first = Worker(bench.supervisor("one"), run)
    running(bench, run, "waiting\n")
    bench.records.beat("one", 1, 2**40)
    first.supervisor.let_go()
    first.join(2)
    left = bench.run(run)
    assert (left.status, left.worker) == (Status.RUNNING, None)
    assert not bench.engine.stage(run).terminated.is_set()
    assert [orphan.id for orphan in bench.records.orphans({"one"})] == [run.id], "others need not wait"
    assert bench.records.workers() == []
    second = Worker(bench.supervisor("two"), run)
    until(lambda: bench.run(run).worker == "two", "another worker adopts it")
    bench.engine.stage(run).cue("go")
    second.join()
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.log(run) == PATIENT_LOG, "nothing doubled, nothing lost"
    assert bench.output(bench.run(run), "log.txt").decode() == PATIENT_LOG


def test_a_worker_that_leaves_takes_nothing_more(bench: Bench) -> None:
    supervisor = bench.supervisor()
    supervisor.let_go()
    run = bench.submit()
    care(supervisor, run)
    assert bench.run(run).status is Status.QUEUED


def test_handed_on_again_and_again(bench: Bench) -> None:
    """An upgrade after the other during one long run."""
    bench.play = patient
    run = bench.submit()
    for number in range(6):
        worker = Worker(bench.supervisor(f"worker-{number}"), run)
        until(lambda: bench.run(run).worker is not None, "it is adopted")
        running(bench, run, "waiting\n")
        worker.supervisor.let_go()
        worker.join()
    bench.engine.stage(run).cue("go")
    care(bench.supervisor("last"), run)
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.log(run) == PATIENT_LOG


def test_a_freed_slot_is_filled_at_once(bench: Bench) -> None:
    bench.records.beat("one", 1, 2**40)
    first, second = bench.submit(), bench.submit()
    dispatch(bench.parts)
    care(bench.supervisor("one"), first)
    assert bench.bell.rings == [first.id, second.id]


def test_a_dead_worker_s_run_is_adopted_once_it_was_silent_for_long(bench: Bench) -> None:
    bench.play = patient
    run = bench.submit()
    bench.records.beat("dead", 1, 2**40)
    bench.records.claim(run.id, "dead")
    clock = [0.0]
    lookout, supervisor = Lookout(lambda: clock[0]), bench.supervisor("one")
    sweep(bench.parts, supervisor, lookout)
    clock[0] = 19.0
    sweep(bench.parts, supervisor, lookout)
    assert bench.run(run).worker == "dead"
    clock[0] = 20.0
    sweep(bench.parts, supervisor, lookout)
    until(lambda: bench.run(run).worker == "one", "it is adopted")
    until(lambda: bench.run(run).status is Status.RUNNING, "and started")
    bench.engine.stage(run).cue("go")
    until(lambda: bench.run(run).status is Status.SUCCEEDED, "and seen through")


def test_a_run_that_nobody_cares_for_is_adopted_at_once(bench: Bench) -> None:
    run = bench.submit()
    taken = bench.records.claim(run.id, "gone")
    assert taken is not None
    bench.records.release(taken)
    sweep(bench.parts, bench.supervisor("one"), Lookout())
    until(lambda: bench.run(run).status is Status.SUCCEEDED, "it is seen through")
