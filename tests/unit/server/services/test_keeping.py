"""Wishes to cancel and time limits: what a worker does beside following a run."""

from __future__ import annotations

from dataclasses import replace
from threading import enumerate as all_threads
from typing import Any

import pytest
from nightdesk.server.domain.errors import EngineError
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services.watch import Parts

from ..workbench import Bench
from .plays import deaf, patient, polite
from .watching import Worker, care, keeping, running, until

pytestmark = pytest.mark.usefixtures("quick")


# cancelling


def test_cancelled_while_queued(bench: Bench) -> None:
    run = bench.submit()
    bench.records.request_cancel(run.id, "ada")
    care(bench.supervisor(), run)
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "Cancelled by ada before it started.")
    assert bench.engine.creates == []


@pytest.mark.parametrize("method", ["changed", "find", "create"])
def test_cancelled_while_starting(bench: Bench, method: str) -> None:
    """The wish comes while the worker is between claim and start: when it has told of the claim, looked, made the container."""
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
    parts: Parts = replace(bench.parts, bell=Wishing(bench.bell), engine=Wishing(bench.engine))
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
    """The machine was off over night; somebody looks only after the limit, and at the limit before the output."""

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.engine, name)

        def follow(self, container: Any) -> Any:
            second.keep()
            assert second.watches()[0].stopping, "its limit is over"
            until(lambda: f"stop-{run.id}" not in {each.name for each in all_threads()}, "it was looked at")
            return bench.engine.follow(container)

    bench.play = polite
    run = bench.submit(timeout_seconds=3600)
    first = Worker(bench.supervisor("one"), run)
    running(bench, run, "working\n")
    first.supervisor.let_go()
    first.join()
    bench.engine.stop(bench.engine.all()[0], 5)
    outlive(bench, run)
    second = bench.supervisor("two", replace(bench.parts, engine=Slow()))  # type: ignore[arg-type]
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
