"""Leases, wishes to cancel, time limits, letting go: what a worker does beside following a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.errors import EngineError
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services.lookout import Lookout
from nightdesk.server.services.queue import dispatch
from nightdesk.server.services.sweep import sweep
from nightdesk.server.services.watch import Parts

from ..workbench import Bench, two_cells
from .watching import Worker, care, keeping, running, until

pytestmark = pytest.mark.usefixtures("quick")


def polite(stage: Stage) -> Exit:
    """Ends on SIGTERM as the runner does."""
    stage.event("started", cells=2)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="working\n")
    stage.wait_for_sigterm()
    stage.event("finished", outcome="terminated", reason="terminated")
    return Exit(143)


def deaf(stage: Stage) -> Exit:
    """Ignores SIGTERM."""
    stage.event("started", cells=2)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="working\n")
    stage.wait_for("never")
    return Exit(0)


def patient(stage: Stage) -> Exit:
    """Goes on when the test says so."""
    stage.event("started", cells=2)
    stage.event("stream", cell=1, name="stdout", text="waiting\n")
    stage.wait_for("go")
    return two_cells(stage)


PATIENT_LOG = "waiting\nthis is cell 1\nthis is cell 2\n"


# cancelling


def test_cancelled_while_queued(bench: Bench) -> None:
    run = bench.submit()
    bench.records.request_cancel(run.id, "ada")
    care(bench.supervisor(), run)
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "Cancelled by ada before it started.")
    assert bench.engine.creates == []


@pytest.mark.parametrize("method", ["claim", "find", "create"])
def test_cancelled_while_starting(bench: Bench, method: str) -> None:
    """The wish comes while the worker is between claim and start."""
    wished: list[str] = []

    class Wishing:
        def __init__(self, port: Any) -> None:
            self._port = port

        def __getattr__(self, name: str) -> Any:
            found = getattr(self._port, name)
            if name != method:
                return found

            def call(*arguments: Any, **named: Any) -> Any:
                answer = found(*arguments, **named)
                if not wished:
                    wished.append(name)
                    bench.records.request_cancel(run.id, "root")
                return answer

            return call

    run = bench.submit()
    bench.play = polite
    parts: Parts = replace(bench.parts, records=Wishing(bench.records), engine=Wishing(bench.engine))
    supervisor = bench.supervisor(parts=parts)
    with keeping(supervisor):
        Worker(supervisor, run).join()
    ended = bench.run(run)
    assert ended.status is Status.CANCELLED
    assert (ended.reason or "").startswith("Cancelled by root")
    assert bench.engine.all() == []


def test_cancelled_before_an_adopted_container_was_started(bench: Bench) -> None:
    run = bench.submit()
    claimed = bench.records.claim(run.id, "gone")
    assert claimed is not None
    bench.engine.create(claimed)
    bench.records.request_cancel(run.id, "ada")
    care(bench.supervisor(), run)
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "Cancelled by ada before it started.")
    assert (bench.engine.starts, bench.engine.all()) == ([], [])


@pytest.mark.parametrize(("play", "code"), [(polite, 143), (deaf, 137)])
def test_cancelled_while_running(bench: Bench, play: Any, code: int) -> None:
    bench.play = play
    run = bench.submit(retries=3)
    supervisor = bench.supervisor()
    worker = Worker(supervisor, run)
    running(bench, run, "working\n")
    with keeping(supervisor):
        bench.records.request_cancel(run.id, "ada")
        worker.join()
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "Cancelled by ada in cell 1 of 2.")
    assert ended.attempt == 1, "what was cancelled is not tried again"
    assert bench.output(ended, "notebook.ipynb") == b'{"attempt": 1}', "what was done is kept"
    assert f'"code": {code}'.encode() in bench.output(ended, "manifest.json")
    assert bench.engine.all() == []


def test_cancelled_when_it_was_just_done(bench: Bench) -> None:
    bench.play = patient
    run = bench.submit()
    worker = Worker(bench.supervisor(), run)
    running(bench, run, "waiting\n")
    bench.records.request_cancel(run.id, "ada")
    bench.engine.stage(run).cue("go")
    worker.join()
    assert bench.run(run).status is Status.SUCCEEDED


def test_cancelled_before_its_next_attempt(bench: Bench) -> None:
    """The wish comes when the first attempt has just failed by itself."""

    def play(stage: Stage) -> Exit:
        bench.records.request_cancel(stage.run.id, "ada")
        stage.event("finished", outcome="code_failed", reason="it failed")
        return Exit(1)

    bench.play = play
    run = bench.submit(retries=1)
    supervisor = bench.supervisor()
    care(supervisor, run)
    care(supervisor, run)
    assert bench.run(run).status is Status.CANCELLED
    assert bench.engine.starts == [(run.id, 1)]


# time limits


def outlive(bench: Bench, run: Run) -> None:
    """The run's time limit is over."""
    bench.set_runs(started_uptime=bench.records.uptime() - run.timeout_seconds - 1)


@pytest.mark.parametrize("play", [polite, deaf])
def test_stopped_at_its_time_limit(bench: Bench, play: Any) -> None:
    bench.play = play
    run = bench.submit(timeout_seconds=5400)
    supervisor = bench.supervisor()
    worker = Worker(supervisor, run)
    running(bench, run, "working\n")
    with keeping(supervisor):
        assert worker.busy
        outlive(bench, run)
        worker.join()
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (
        Status.TIMED_OUT,
        "Stopped at its time limit of 1 h 30 min in cell 1 of 2. Give it more time with --timeout, or make it shorter.",
    )
    assert bench.output(ended, "notebook.ipynb")
    assert bench.engine.all() == []


def test_what_was_stopped_at_its_limit_by_a_worker_that_died_timed_out_all_the_same(bench: Bench) -> None:
    """Why it is stopped is on record before it is."""

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.engine, name)

        def stop(self, container: Any, grace_seconds: float) -> None:
            first.supervisor.let_go()
            bench.engine.stop(container, grace_seconds)

    bench.play = polite
    run = bench.submit(timeout_seconds=5400)
    first = Worker(bench.supervisor("one", replace(bench.parts, engine=Dying())), run)  # type: ignore[arg-type]
    running(bench, run, "working\n")
    outlive(bench, run)
    first.supervisor.keep()
    until(bench.engine.stage(run).terminated.is_set, "it is asked to end")
    first.join()
    care(bench.supervisor("two"), run)
    assert bench.run(run).status is Status.TIMED_OUT


def test_what_ended_from_outside_long_before_its_limit_did_not_time_out(bench: Bench) -> None:
    """The machine was off over night; somebody looks only after the limit."""
    bench.play = polite
    run = bench.submit(timeout_seconds=3600)
    first = Worker(bench.supervisor("one"), run)
    running(bench, run, "working\n")
    first.supervisor.let_go()
    first.join()
    bench.engine.stop(bench.engine.all()[0], 5)
    outlive(bench, run)
    second = bench.supervisor("two")
    with keeping(second):
        care(second, run)
    ended = bench.run(run)
    assert ended.status is Status.FAILED
    assert (ended.reason or "").startswith("Ended from outside in cell 1 of 2 (exit code 143)")


@pytest.mark.fault(24)
def test_a_clock_that_is_set_ends_no_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.play = patient
    run = bench.submit(timeout_seconds=3600)
    worker = Worker(bench.supervisor("one"), run)
    running(bench, run, "waiting\n")
    before = bench.database.now
    monkeypatch.setattr(bench.database, "now", lambda connection: before(connection) + 7200)
    worker.supervisor.keep()
    assert bench.run(run).ending is None
    bench.engine.stage(run).cue("go")
    worker.join()
    assert bench.run(run).status is Status.SUCCEEDED


def test_a_stop_that_fails_is_tried_again(bench: Bench) -> None:
    tries: list[float] = []

    class Stubborn:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.engine, name)

        def stop(self, container: Any, grace_seconds: float) -> None:
            tries.append(grace_seconds)
            if len(tries) < 3:
                raise EngineError("the container engine does not answer: ReadTimeout")
            bench.engine.stop(container, grace_seconds)

    bench.play = polite
    run = bench.submit()
    supervisor = bench.supervisor(parts=replace(bench.parts, engine=Stubborn()))  # type: ignore[arg-type]
    worker = Worker(supervisor, run)
    running(bench, run, "working\n")
    with keeping(supervisor):
        bench.records.request_cancel(run.id, "ada")
        worker.join()
    assert bench.run(run).status is Status.CANCELLED
    assert tries == [1.0, 1.0, 1.0], "the grace of the settings, and no stop beside another"


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
