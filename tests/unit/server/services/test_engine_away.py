"""An engine that does not answer, or from which somebody took the container."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.errors import EngineError
from nightdesk.server.domain.run import Run, Status

from ..workbench import Bench
from .stories import Failing, nothing_left, waiting, whole
from .watching import Worker, care, running, until

pytestmark = pytest.mark.usefixtures("quick", "only_expected_errors")


NO_ANSWER = EngineError("the container engine does not answer: ReadTimeout")


@pytest.mark.parametrize("method", ["find", "create", "start", "follow", "wait"])
def test_an_engine_away_for_a_while(bench: Bench, method: str) -> None:
    engine = Failing(bench.engine, method, NO_ANSWER, 2)
    run = bench.submit()
    care(bench.supervisor(parts=replace(bench.parts, engine=engine)), run)
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.log(run) == "this is cell 1\nthis is cell 2\n"
    assert engine.calls >= 3
    nothing_left(bench, run)


@pytest.mark.parametrize("method", ["create", "start"])
def test_an_engine_that_never_starts_it(bench: Bench, method: str) -> None:
    engine = Failing(bench.engine, method, EngineError("no space left on device"), None)
    run = bench.submit()
    care(bench.supervisor(parts=replace(bench.parts, engine=engine)), run)
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (
        Status.FAILED,
        "The run could not be started: no space left on device",
    )
    assert bench.engine.starts == []


def test_an_engine_away_for_long_fails_no_run(bench: Bench) -> None:
    """A queue of runs does not fail one after the other because the engine is being upgraded."""
    run = bench.submit()
    bench.engine.away = True
    for number in range(3):
        care(bench.supervisor(f"worker-{number}"), run)
        assert bench.run(run).status is Status.STARTING
    bench.engine.away = False
    care(bench.supervisor("last"), run)
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]


def test_a_create_that_hangs_and_yet_succeeds_gives_one_container(bench: Bench) -> None:
    class Hanging:
        tries = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.engine, name)

        def create(self, run: Run, shared: Any = (), places: Any = ()) -> Any:
            made = bench.engine.create(run, shared, places)
            self.tries += 1
            if self.tries == 1:
                raise NO_ANSWER
            return made

    run = bench.submit()
    care(bench.supervisor(parts=replace(bench.parts, engine=Hanging())), run)  # type: ignore[arg-type]
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.creates == [(run.id, 1)]
    assert bench.engine.starts == [(run.id, 1)]


def test_a_running_container_is_not_given_up_while_the_engine_is_away(bench: Bench) -> None:
    """An engine that is restarted with live-restore: the container goes on, and nobody says it failed."""
    bench.play = waiting
    run = bench.submit()
    first = Worker(bench.supervisor("one"), run)
    running(bench, run, "waiting\n")
    first.supervisor.let_go()
    first.join()
    bench.engine.away = True
    care(bench.supervisor("two"), run)
    assert bench.run(run).status is Status.RUNNING, "the engine did not answer: nothing is known"
    assert bench.folders.attempts() == [(run.id, 1)]
    bench.engine.away = False
    bench.engine.stage(run).cue("go")
    care(bench.supervisor("three"), run)
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]


def test_an_engine_away_while_the_run_is_followed(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.play = waiting
    run = bench.submit()
    worker = Worker(bench.supervisor(), run)
    running(bench, run, "waiting\n")
    bench.engine.away = True
    until(lambda: "the container's output broke off" in caplog.text, "the output broke off")
    bench.engine.away = False
    bench.engine.stage(run).cue("go")
    worker.join()
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.log(run) == "waiting\nthis is cell 1\nthis is cell 2\n", (
        "read again from its start, nothing is doubled"
    )
    manifest = json.loads(bench.output(bench.run(run), "manifest.json"))
    assert len(manifest["metrics"]) == 1


def test_a_container_removed_by_hand(bench: Bench) -> None:
    bench.play = waiting
    run = bench.submit()
    worker = Worker(bench.supervisor(), run)
    running(bench, run, "waiting\n")
    bench.engine.remove(bench.engine.all()[0])
    worker.join()
    ended = bench.run(run)
    assert ended.status is Status.FAILED
    assert ended.reason == "The run's container was removed from outside in cell 1 of 2. Submit it again."
    found = whole(bench, ended)
    assert found["notebook.ipynb"] == b'{"attempt": 1}', "what was done is kept"
    assert found["log.txt"] == b"waiting\n"
    nothing_left(bench, run)


def test_a_container_removed_while_nobody_watched(bench: Bench) -> None:
    bench.play = waiting
    run = bench.submit()
    worker = Worker(bench.supervisor(), run)
    running(bench, run, "waiting\n")
    worker.supervisor.let_go()
    worker.join()
    bench.engine.remove(bench.engine.all()[0])
    care(bench.supervisor("two"), run)
    ended = bench.run(run)
    assert ended.reason == "The run's container was removed from outside in cell 1 of 2. Submit it again."
    assert bench.engine.creates == [(run.id, 1)], "it is not made a second time"
    assert set(whole(bench, ended)) == {"log.txt", "manifest.json", "notebook.ipynb", "table-1.csv"}
