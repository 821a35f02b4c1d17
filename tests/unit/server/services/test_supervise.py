"""From a claim to the end: what a run leaves, how it ends, and what happens when parts are away."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Any

import pytest
from nightdesk.server.domain.errors import EngineError, Unavailable
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Output, Run, RunError, Status
from nightdesk.server.domain.submission import Submission
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services.submit import Files, input_key, submit
from nightdesk.server.services.watch import Parts

from ..workbench import ADA, Bench, archive, code, notebook, two_cells
from .watching import Worker, running, until

pytestmark = pytest.mark.usefixtures("quick")


def whole(bench: Bench, run: Run) -> dict[str, bytes]:
    """The outputs on record, each whole in the store, and the manifest says the same."""
    found = {}
    for output in bench.records.outputs([run.id])[run.id]:
        content = bench.output(run, output.name)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (output.size, output.sha256)
        found[output.name] = content
    listed = json.loads(found["manifest.json"])["outputs"]
    assert {entry["name"] for entry in listed} == set(found) - {"manifest.json"}
    for entry in listed:
        assert hashlib.sha256(found[entry["name"]]).hexdigest() == entry["sha256"]
    return found


def nothing_left(bench: Bench, run: Run) -> None:
    """No container, no folder, no half-written object."""
    assert bench.engine.all() == []
    assert bench.folders.attempts() == []
    assert not [key for key in bench.stored() if key.endswith(".part")]
    assert bench.run(run).worker is None
    assert bench.run(run).lease_until is None


# success, and failures of the code


def test_success(bench: Bench) -> None:
    run = bench.submit(name="Report")
    bench.supervisor().supervise(run.id)
    ended = bench.run(run)
    assert (ended.status, ended.reason, ended.error) == (Status.SUCCEEDED, "All 2 cells ran.", None)
    assert (ended.cell, ended.cells, ended.peak_memory_bytes) == (2, 2, 1000)
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert ended.created_at <= ended.started_at <= ended.finished_at
    assert bench.history(run) == ["queued", "starting", "running", "succeeded"]
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.log(run) == "this is cell 1\nthis is cell 2\n"
    found = whole(bench, ended)
    assert set(found) == {"log.txt", "manifest.json", "notebook.ipynb", "table-1.csv"}
    assert found["log.txt"] == b"this is cell 1\nthis is cell 2\n"
    assert found["table-1.csv"] == b"attempt,1\n"
    nothing_left(bench, run)
    assert bench.bell.changes.count(run.id) >= 3


def test_the_manifest(bench: Bench) -> None:
    run = bench.submit(parameters={}, retries=0)
    bench.supervisor().supervise(run.id)
    ended = bench.run(run)
    manifest = json.loads(bench.output(ended, "manifest.json"))
    assert manifest["run"] == run.id
    assert manifest["environment"] == {"name": "python-data", "version": "2026.11.1", "digest": run.digest}
    assert manifest["input"] == {"file": "analysis.ipynb", "sha256": run.input_sha256, "files_taken_along": 0}
    assert manifest["packages"] == {"numpy": "2.3.1", "pandas": "3.0.0"}
    assert manifest["exit"] == {"code": 0, "out_of_memory": False}
    assert manifest["metrics"] == [{"name": "auc", "value": 0.81, "step": None}]
    assert (manifest["status"], manifest["reason"], manifest["error"]) == (
        "succeeded",
        "All 2 cells ran.",
        None,
    )
    assert (manifest["kernel"], manifest["peak_memory_bytes"]) == ("python3", 1000)
    assert manifest["created_at"] <= manifest["started_at"] <= manifest["finished_at"]
    assert manifest["finished_at"].endswith("Z")


def test_what_the_container_finds(bench: Bench) -> None:
    seen: dict[str, Any] = {}

    def play(stage: Stage) -> Exit:
        folder = bench.folders.folders[stage.run.id, 1]
        seen.update(job=folder.job, work=dict(folder.work))
        return two_cells(stage)

    bench.play = play
    raw = notebook(code("year = 1", "parameters"))
    along = archive(("data/a.csv", b"1,2"))
    run = _submitted(bench, raw, along, parameters={"year": 5})
    bench.supervisor().supervise(run.id)
    assert seen["job"] == {
        "contract": 1,
        "run": run.id,
        "attempt": 1,
        "owner": "ada",
        "name": "analysis.ipynb",
        "kind": "notebook",
        "file": "analysis.ipynb",
        "kernel": "python3",
        "interpreter": ["python3"],
        "parameters": {"year": 5},
        "cell_timeout_seconds": None,
        "limits": {"cell_stream_bytes": 2**20, "run_stream_bytes": 10 * 2**20, "line_bytes": 100_000},
    }
    assert set(seen["work"]) == {"analysis.ipynb", "data/a.csv"}
    assert b"year = 5" in seen["work"]["analysis.ipynb"], "the prepared notebook, not the one that was sent"


def _submitted(bench: Bench, raw: bytes, along: Files, **wanted: Any) -> Run:
    wanted = {"file": "analysis.ipynb", **wanted}
    return submit(bench.records, bench.store, bench.settings, ADA, Submission(**wanted), (raw, along))[0]


def failing(stage: Stage) -> Exit:
    """The second of three cells raises."""
    stage.event("started", cells=3)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="fine\n")
    stage.event("cell_started", cell=2)
    error = {"type": "ValueError", "message": "no such year", "cell": 2, "traceback": "…"}
    stage.event(
        "finished", outcome="code_failed", reason="cell 2 raised ValueError: no such year", error=error
    )
    return Exit(1)


def test_failure_names_the_cell_and_keeps_the_notebook_up_to_it(bench: Bench) -> None:
    bench.play = failing
    run = bench.submit()
    bench.supervisor().supervise(run.id)
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (Status.FAILED, "Cell 2 raised ValueError: no such year")
    assert ended.error == RunError("ValueError", "no such year", 2)
    assert (ended.cell, ended.cells) == (2, 3)
    found = whole(bench, ended)
    assert found["notebook.ipynb"] == b'{"attempt": 1}'
    assert json.loads(found["manifest.json"])["error"] == {
        "type": "ValueError",
        "message": "no such year",
        "cell": 2,
    }
    nothing_left(bench, run)


def test_out_of_memory_without_a_word_of_the_runner(bench: Bench) -> None:
    def play(stage: Stage) -> Exit:
        stage.event("started", cells=3)
        stage.event("cell_started", cell=2)
        return Exit(137, out_of_memory=True)

    bench.play = play
    run = bench.submit(size="small")
    bench.supervisor().supervise(run.id)
    assert (bench.run(run).reason or "").startswith(
        "Out of memory in cell 2 of 3: the limit of size 'small' is 2 GB."
    )


def test_a_script(bench: Bench) -> None:
    def play(stage: Stage) -> Exit:
        stage.event("started", cells=0)
        stage.event("stream", cell=None, name="stdout", text="done\n")
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    bench.play = play
    run = bench.submit(file="job.py", source=b"print('done')")
    bench.supervisor().supervise(run.id)
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (Status.SUCCEEDED, "The script ended well.")
    assert set(whole(bench, ended)) == {"log.txt", "manifest.json", "table-1.csv"}, (
        "a script leaves no notebook"
    )


def test_nonsense_on_the_output_does_no_harm(bench: Bench) -> None:
    def play(stage: Stage) -> Exit:
        stage.line(b"\xff\xfe not an event")
        stage.line(b"[" * 100_000)
        stage.line(b'{"n": 1e999, "event": "started", "cells": "many"}')
        stage.event("stream", cell=10**30, name="stdout", text="half \ud83d and \x00\n")
        stage.event(
            "finished",
            outcome="code_failed",
            reason="half \ud83d",
            error={"type": "E\x00", "message": "\ud83d"},
        )
        return Exit(1)

    bench.play = play
    run = bench.submit()
    bench.supervisor().supervise(run.id)
    ended = bench.run(run)
    assert (ended.status, ended.reason, ended.error) == (Status.FAILED, "Half ?", RunError("E\ufffd", "?"))
    assert bench.log(run) == "half ? and \ufffd\n"
    whole(bench, ended)


# starting


def test_an_image_that_is_gone_ends_the_run_with_words(bench: Bench) -> None:
    bench.engine.images = set()
    run = bench.submit(retries=0)
    bench.supervisor().supervise(run.id)
    ended = bench.run(run)
    assert ended.status is Status.FAILED
    assert ended.reason == (
        "The run could not be started: the image of python-data:2026.11.1 is not on this machine. "
        "Its image was removed; submit with another version."
    )
    assert bench.engine.starts == []
    assert bench.records.outputs([run.id])[run.id] == []
    nothing_left(bench, run)


def test_the_pinned_image_runs_whatever_tags_do(bench: Bench) -> None:
    run = bench.submit()
    bench.engine.images = {run.digest}
    with bench.database.writing() as connection:
        connection.exec_driver_sql("update environment_versions set digest = 'sha256:2'")
    bench.supervisor().supervise(run.id)
    assert bench.run(run).status is Status.SUCCEEDED


def test_inputs_that_are_gone_end_the_run_with_words(bench: Bench) -> None:
    run = bench.submit()
    bench.store.remove(input_key(run))
    bench.supervisor().supervise(run.id)
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (
        Status.FAILED,
        "The run could not be started: there is no such file",
    )
    nothing_left(bench, run)


def test_it_is_on_record_as_running_before_its_code_starts(bench: Bench) -> None:
    """So a run that is only starting has run no code, whatever became of its container."""
    seen: list[tuple[Status, list[tuple[str, int]]]] = []

    class Watching:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.engine, name)

        def start(self, container: Any) -> None:
            seen.append((bench.run(run).status, list(bench.engine.starts)))
            bench.engine.start(container)

    run = bench.submit()
    bench.supervisor(parts=replace(bench.parts, engine=Watching())).supervise(run.id)  # type: ignore[arg-type]
    assert seen == [(Status.RUNNING, [])]


def test_its_end_is_on_record_before_container_and_folder_go(bench: Bench) -> None:
    seen: list[tuple[str, Status, int]] = []

    class Watching:
        def __init__(self, port: Any) -> None:
            self._port = port

        def __getattr__(self, name: str) -> Any:
            if name == "remove":
                seen.append(
                    (type(self._port).__name__, bench.run(run).status, len(whole(bench, bench.run(run))))
                )
            return getattr(self._port, name)

    run = bench.submit()
    parts: Parts = replace(bench.parts, engine=Watching(bench.engine), folders=Watching(bench.folders))
    bench.supervisor(parts=parts).supervise(run.id)
    assert seen == [("MemoryFolders", Status.SUCCEEDED, 4), ("MemoryEngine", Status.SUCCEEDED, 4)]


def test_a_run_that_is_nobody_s_or_somebody_else_s_is_left_alone(bench: Bench) -> None:
    bench.supervisor().supervise("nosuchrun")
    run = bench.submit()
    claimed = bench.records.claim(run.id, "another", 20)
    bench.supervisor().supervise(run.id)
    assert bench.run(run) == claimed
    assert bench.engine.creates == []


class Failing:
    """A port of which one method raises, so many times (None: always), and then works."""

    def __init__(self, port: Any, method: str, error: Exception, times: int | None) -> None:
        self._port, self._method, self._error, self.left = port, method, error, times
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name != self._method:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.left is None or self.left > 0:
                self.left = None if self.left is None else self.left - 1
                raise self._error
            return found(*arguments, **named)

        return call


NO_ANSWER = EngineError("the container engine does not answer: ReadTimeout")


@pytest.mark.parametrize("method", ["find", "create", "start", "follow", "wait"])
def test_an_engine_away_for_a_while(bench: Bench, method: str) -> None:
    engine = Failing(bench.engine, method, NO_ANSWER, 2)
    run = bench.submit()
    bench.supervisor(parts=replace(bench.parts, engine=engine)).supervise(run.id)
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.log(run) == "this is cell 1\nthis is cell 2\n"
    assert engine.calls >= 3
    nothing_left(bench, run)


@pytest.mark.parametrize("method", ["find", "create", "start"])
def test_an_engine_that_never_starts_it(bench: Bench, method: str) -> None:
    engine = Failing(bench.engine, method, EngineError("no space left on device"), None)
    run = bench.submit()
    bench.supervisor(parts=replace(bench.parts, engine=engine)).supervise(run.id)
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (
        Status.FAILED,
        "The run could not be started: no space left on device",
    )
    assert bench.engine.starts == []


def test_a_create_that_hangs_and_yet_succeeds_gives_one_container(bench: Bench) -> None:
    class Hanging:
        tries = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.engine, name)

        def create(self, run: Run) -> Any:
            made = bench.engine.create(run)
            self.tries += 1
            if self.tries == 1:
                raise NO_ANSWER
            return made

    run = bench.submit()
    bench.supervisor(parts=replace(bench.parts, engine=Hanging())).supervise(run.id)  # type: ignore[arg-type]
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.creates == [(run.id, 1)]
    assert bench.engine.starts == [(run.id, 1)]


def waiting(stage: Stage) -> Exit:
    """One cell that waits for the test."""
    stage.event("started", cells=2)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="waiting\n")
    stage.wait_for("go")
    return two_cells(stage)


def test_a_running_container_is_not_given_up_while_the_engine_is_away(bench: Bench) -> None:
    """An engine that is restarted with live-restore: the container goes on, and nobody says it failed."""
    bench.play = waiting
    run = bench.submit()
    first = Worker(bench.supervisor("one"), run)
    running(bench, run, "waiting\n")
    first.supervisor.let_go()
    first.join()
    bench.engine.away = True
    bench.supervisor("two").supervise(run.id)
    assert bench.run(run).status is Status.RUNNING, "the engine did not answer: nothing is known"
    assert bench.folders.attempts() == [(run.id, 1)]
    bench.engine.away = False
    bench.engine.stage(run).cue("go")
    bench.expire_leases()
    bench.supervisor("three").supervise(run.id)
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
    bench.supervisor("two").supervise(run.id)
    ended = bench.run(run)
    assert ended.reason == "The run's container was removed from outside in cell 1 of 2. Submit it again."
    assert bench.engine.creates == [(run.id, 1)], "it is not made a second time"
    assert set(whole(bench, ended)) == {"log.txt", "manifest.json", "notebook.ipynb", "table-1.csv"}


# the store and the database away


def test_a_full_store_is_waited_for_and_the_run_says_so(bench: Bench) -> None:
    store = Failing(bench.store, "put", Unavailable("storage full", "Make room."), None)
    run = bench.submit()
    worker = Worker(bench.supervisor(parts=replace(bench.parts, store=store)), run)
    until(
        lambda: bench.run(run).reason == "Waiting to keep the outputs: storage full",
        "it says what it waits for",
    )
    assert bench.run(run).status is Status.RUNNING
    assert bench.records.outputs([run.id])[run.id] == [], "no partial output is visible"
    assert len(bench.engine.all()) == 1, "the container stays until its outputs are safe"
    store.left = 0
    worker.join()
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (Status.SUCCEEDED, "All 2 cells ran.")
    whole(bench, ended)
    nothing_left(bench, run)


def test_a_store_that_fails_in_the_middle_of_the_outputs(bench: Bench) -> None:
    class Third:
        """The third object does not get through, once."""

        puts = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.store, name)

        def put(self, key: str, source: IO[bytes]) -> Output:
            self.puts += 1
            if self.puts == 3:
                raise Unavailable("the output store does not take the file: connection reset")
            return bench.store.put(key, source)

    run = bench.submit()
    bench.supervisor(parts=replace(bench.parts, store=Third())).supervise(run.id)  # type: ignore[arg-type]
    assert set(whole(bench, bench.run(run))) == {"log.txt", "manifest.json", "notebook.ipynb", "table-1.csv"}


NO_DATABASE = Unavailable("the database does not answer")


@pytest.mark.parametrize("method", ["add_log", "set_outputs", "packages", "log", "now"])
def test_a_database_away_for_a_moment(bench: Bench, method: str) -> None:
    records = Failing(bench.records, method, NO_DATABASE, 1)
    run = bench.submit()
    bench.supervisor(parts=replace(bench.parts, records=records)).supervise(run.id)
    assert bench.run(run).status is Status.SUCCEEDED
    assert records.calls >= 2
    assert bench.log(run) == "this is cell 1\nthis is cell 2\n"
    whole(bench, bench.run(run))
    nothing_left(bench, run)


@pytest.mark.parametrize("method", ["claim", "log_end", "run", "offer"])
def test_a_database_away_at_the_finish_is_another_worker_s_to_record(bench: Bench, method: str) -> None:
    records = Failing(bench.records, method, NO_DATABASE, None)
    run = bench.submit()
    if method == "claim":
        with pytest.raises(Unavailable):
            bench.supervisor(parts=replace(bench.parts, records=records)).supervise(run.id)
    else:
        bench.supervisor(parts=replace(bench.parts, records=records)).supervise(run.id)
    bench.expire_leases()
    bench.supervisor("two").supervise(run.id)
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.endings(run) == ["succeeded"]
    whole(bench, bench.run(run))


def test_a_database_away_at_the_finish_for_a_minute(bench: Bench) -> None:
    """Every change fails for a while; the outcome is put on record by the same supervisor in the end."""
    changes = Failing(bench.records, "change", NO_DATABASE, 0)
    bench.play = waiting
    run = bench.submit()
    worker = Worker(bench.supervisor(parts=replace(bench.parts, records=changes)), run)
    running(bench, run, "waiting\n")
    changes.left = None
    before = changes.calls
    bench.engine.stage(run).cue("go")
    until(lambda: changes.calls >= before + 2, "it tries")
    assert bench.run(run).status is Status.RUNNING
    changes.left = 0
    worker.join()
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.endings(run) == ["succeeded"]


# retries


def second_time_lucky(stage: Stage) -> Exit:
    """The first attempt fails."""
    return failing(stage) if stage.run.attempt == 1 else two_cells(stage)


def test_a_second_attempt_keeps_its_outputs_apart(bench: Bench) -> None:
    bench.play = second_time_lucky
    run = bench.submit(retries=1)
    supervisor = bench.supervisor()
    supervisor.supervise(run.id)
    again = bench.run(run)
    assert (again.status, again.attempt, again.worker, again.cell) == (Status.QUEUED, 2, None, 0)
    assert again.reason == "Attempt 1 of 2: Cell 2 raised ValueError: no such year. It is tried again."
    assert bench.records.outputs([run.id])[run.id] == [], "those of the first attempt are not this one's"
    nothing_left(bench, run)
    supervisor.supervise(run.id)
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
        bench.supervisor().supervise(run.id)
    assert (bench.run(run).status, bench.run(run).attempt) == (Status.FAILED, 3)
    assert bench.engine.starts == [(run.id, 1), (run.id, 2), (run.id, 3)]
    assert bench.endings(run) == ["failed"]


def test_success_is_not_tried_again(bench: Bench) -> None:
    run = bench.submit(retries=5)
    bench.supervisor().supervise(run.id)
    assert (bench.run(run).status, bench.run(run).attempt) == (Status.SUCCEEDED, 1)


# a fault of the platform's own


def test_a_fault_before_the_code_started_ends_the_run(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    engine = Failing(bench.engine, "create", ZeroDivisionError("a bug"), None)
    run = bench.submit()
    bench.supervisor(parts=replace(bench.parts, engine=engine)).supervise(run.id)
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
        bench.supervisor(f"worker-{number}", parts).supervise(run.id)
        bench.expire_leases()
    assert bench.run(run).status is Status.SUCCEEDED
    engine.left = None
    run = bench.submit()
    for number in range(20):
        bench.supervisor(f"worker-{number}", parts).supervise(run.id)
        bench.expire_leases()
    assert bench.run(run).status is Status.LOST
    assert bench.run(run).fence <= 10


# what code leaves


def test_names_that_are_the_platform_s_own(bench: Bench) -> None:
    def play(stage: Stage) -> Exit:
        out = bench.folders.folders[stage.run.id, 1].out
        for name in (
            "notebook.ipynb",
            "notebook.html",
            "log.txt",
            "manifest.json",
            "log.txt/deep/er",
            "sub/log.txt",
            "ok",
        ):
            out[name] = b"forged"
        return two_cells(stage)

    bench.play = play
    run = bench.submit()
    bench.supervisor().supervise(run.id)
    found = whole(bench, bench.run(run))
    assert {name for name, content in found.items() if content == b"forged"} == {"sub/log.txt", "ok"}
    assert found["notebook.ipynb"] == b'{"attempt": 1}'
    words = found["log.txt"].decode()
    for name in ("notebook.ipynb", "notebook.html", "log.txt", "manifest.json", "log.txt/deep/er"):
        assert f"[nightdesk] left out: {name}: this name is the platform's own\n" in words


def test_too_large_and_what_is_no_file_is_left_out_and_listed(benches: Callable[..., Bench]) -> None:
    bench = benches(max_output="1K", cell_log="1K")

    def play(stage: Stage) -> Exit:
        folder = bench.folders.folders[stage.run.id, 1]
        folder.out.update({"a": b"x" * 1000, "b": b"x" * 1000, "c": b"x" * 10})
        folder.pipes.append("pipe")
        folder.result["notebook.ipynb"] = b"n" * 5000
        return two_cells(stage)

    bench.play = play
    run = bench.submit()
    bench.supervisor().supervise(run.id)
    found = whole(bench, bench.run(run))
    assert set(found) == {"a", "c", "log.txt", "manifest.json", "notebook.ipynb", "table-1.csv"}
    assert len(found["notebook.ipynb"]) == 5000, "the notebook is kept however much the code left"
    assert b"[nightdesk] left out: b: over the limit of 1 KB for all outputs together\n" in found["log.txt"]
    assert b"[nightdesk] left out: pipe: a link, pipe, socket or device is not kept\n" in found["log.txt"]
    assert not [key for key in bench.stored() if key.endswith((".part", "/b"))]


# many at once


def test_many_runs_at_once_stay_apart(bench: Bench) -> None:
    def play(stage: Stage) -> Exit:
        stage.event("started", cells=1)
        for number in range(50):
            stage.event("stream", cell=1, name="stdout", text=f"{stage.run.id} {number}\n")
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    bench.play = play
    runs = [bench.submit() for _ in range(8)]
    supervisor = bench.supervisor()
    for worker in [Worker(supervisor, run) for run in runs]:
        worker.join(30)
    for run in runs:
        assert bench.run(run).status is Status.SUCCEEDED
        assert bench.log(run) == "".join(f"{run.id} {number}\n" for number in range(50))
    assert len(bench.engine.starts) == 8


@pytest.fixture(autouse=True)
def _only_expected_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Warnings are part of these stories; what is logged as an error has to be named by its test."""
    yield
    errors = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert all("ZeroDivisionError" in str(record.exc_info) for record in errors)
