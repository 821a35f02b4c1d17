"""Leases, wishes to cancel, time limits, letting go: what a worker does beside following a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.errors import EngineError
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services.queue import dispatch
from nightdesk.server.services.sweep import sweep
from nightdesk.server.services.watch import Parts

from ..workbench import Bench, two_cells
from .watching import Worker, keeping, running, until

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
    bench.supervisor().supervise(run.id)
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
    claimed = bench.records.claim(run.id, "gone", 20)
    assert claimed is not None
    bench.engine.create(claimed)
    bench.records.request_cancel(run.id, "ada")
    bench.expire_leases()
    bench.supervisor().supervise(run.id)
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
    supervisor.supervise(run.id)
    supervisor.supervise(run.id)
    assert bench.run(run).status is Status.CANCELLED
    assert bench.engine.starts == [(run.id, 1)]


# time limits


def outlive(bench: Bench, run: Run) -> None:
    """The run's time limit is over, by the database's clock."""
    bench.set_runs(started_at=bench.records.now() - run.timeout_seconds - 1)


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
    bench.play = polite
    run = bench.submit(timeout_seconds=5400)
    first = Worker(bench.supervisor("one"), run)
    running(bench, run, "working\n")
    outlive(bench, run)
    bench.engine.stop(bench.engine.all()[0], 5)  # … and the worker is gone
    first.supervisor.let_go()
    bench.supervisor("two").supervise(run.id)
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
    bench.set_runs(started_at=bench.records.now() - 3599.5)
    until(lambda: bench.records.now() > (bench.run(run).deadline or 0), "the limit is over")
    bench.supervisor("two").supervise(run.id)
    ended = bench.run(run)
    assert ended.status is Status.FAILED
    assert (ended.reason or "").startswith("Ended from outside in cell 1 of 2 (exit code 143)")


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


def test_leases_are_held_as_long_as_the_worker_keeps(bench: Bench) -> None:
    bench.play = patient
    run = bench.submit()
    worker = Worker(bench.supervisor(), run)
    running(bench, run, "waiting\n")
    bench.expire_leases()
    worker.supervisor.keep(renew=True)
    assert bench.records.orphans() == []
    bench.expire_leases()
    worker.supervisor.keep(renew=False)
    assert bench.records.orphans() == [run.id]
    bench.engine.stage(run).cue("go")
    worker.join()
    assert bench.run(run).status is Status.SUCCEEDED, "nobody else came: it is still this worker's"


def test_a_worker_that_lost_a_run_stops_touching_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A worker was stopped past its lease and comes back while another has its run."""
    bench.play = patient
    run = bench.submit()
    stale = Worker(bench.supervisor("stale"), run)
    running(bench, run, "waiting\n")
    bench.expire_leases()
    fresh = Worker(bench.supervisor("fresh"), run)
    until(lambda: bench.run(run).worker == "fresh", "another worker adopts it")
    stale.supervisor.keep(renew=True)
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
    bench.expire_leases()
    assert bench.records.claim(run.id, "fresh", 20) is not None
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
    bench.expire_leases()
    supervisor.keep(renew=True)
    assert bench.records.orphans() == [], "its lease is held"
    bench.engine.stage(bench.run(run)).cue("go")
    second[0].join()
    assert bench.run(run).status is Status.SUCCEEDED


# letting go


def test_a_worker_that_leaves_waits_for_no_notebook_and_stops_none(bench: Bench) -> None:
    bench.play = patient
    run = bench.submit()
    first = Worker(bench.supervisor("one"), run)
    running(bench, run, "waiting\n")
    bench.records.beat("one", 1)
    first.supervisor.let_go()
    first.join(2)
    left = bench.run(run)
    assert (left.status, left.worker) == (Status.RUNNING, None)
    assert not bench.engine.stage(run).terminated.is_set()
    assert bench.records.orphans() == [run.id], "others need not wait for the lease"
    assert [worker.seen_at for worker in bench.records.workers()] == [0]
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
    supervisor.supervise(run.id)
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
    bench.supervisor("last").supervise(run.id)
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.log(run) == PATIENT_LOG


def test_a_freed_slot_is_filled_at_once(bench: Bench) -> None:
    bench.records.beat("one", 1)
    first, second = bench.submit(), bench.submit()
    assert dispatch(bench.records, bench.bell) == [first.id]
    bench.supervisor("one").supervise(first.id)
    assert bench.bell.rings == [first.id, second.id]


def test_a_dead_worker_s_run_is_rung_for_once_its_lease_is_over(bench: Bench) -> None:
    run = bench.submit()
    bench.records.claim(run.id, "dead", 20)
    sweep(bench.records, bench.bell)
    assert bench.bell.rings == []
    bench.expire_leases()
    sweep(bench.records, bench.bell)
    assert bench.bell.rings == [run.id]
