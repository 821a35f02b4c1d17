"""From a claim to the end: what a run leaves, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.connection import Connection
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, RunError, Status
from nightdesk.server.domain.run_token import Attempt
from nightdesk.server.domain.submission import Submission
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services.submit import Files, submit
from nightdesk.server.services.watch import Parts

from ..workbench import ADA, Bench, archive, code, notebook, two_cells
from .stories import failing, nothing_left, whole
from .watching import Worker, care

pytestmark = pytest.mark.usefixtures("quick", "only_expected_errors")


# success, and failures of the code


def test_success(bench: Bench) -> None:
    run = bench.submit(name="Report")
    care(bench.supervisor(), run)
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
    care(bench.supervisor(), run)
    ended = bench.run(run)
    manifest = json.loads(bench.output(ended, "manifest.json"))
    assert manifest["run"] == run.id
    assert manifest["environment"] == {"name": "python-data", "version": "2026.11.1", "digest": run.digest}
    assert manifest["input"] == {
        "file": "analysis.ipynb",
        "sha256": run.input_sha256,
        "files_taken_along": 0,
        "files": [],
    }
    assert manifest["packages"] == {"numpy": "2.3.1", "pandas": "3.0.0"}
    assert manifest["connections"] == []
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


def test_the_manifest_names_what_the_attempt_has_used(bench: Bench) -> None:
    bench.records.add_connection(
        Connection("api", ConnectionKind.HTTP), Note("root", "connection.made", "api")
    )

    def play(stage: Stage) -> Exit:
        used = Note("ada", "connection.used", "api")
        bench.records.note_use("api", used, Attempt(stage.run.id, 1))
        bench.records.note_use("api", used, Attempt("abcdefghijkm", 1))
        return two_cells(stage)

    bench.play = play
    run = bench.submit()
    care(bench.supervisor(), run)
    assert json.loads(bench.output(bench.run(run), "manifest.json"))["connections"] == ["api"]


def test_what_the_container_finds(bench: Bench) -> None:
    seen: dict[str, Any] = {}

    def play(stage: Stage) -> Exit:
        folder = bench.folders.folders[stage.run.id, 1]
        seen.update(job=folder.job, work=dict(folder.work))
        return two_cells(stage)

    bench.play = play
    raw = notebook(code("year = 1", "parameters"))
    along = archive(("data/a.csv", b"1,2"))
    run = _submitted(bench, raw, along, parameters={"year": 5}, cell_timeout_seconds=600.0)
    care(bench.supervisor(), run)
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
        "schedule": None,
        "scheduled_at": None,
        "pipeline": None,
        "step": None,
        "steps": {},
        "cell_timeout_seconds": 600.0,
        "limits": {
            "cell_stream_bytes": 2**20,
            "run_stream_bytes": 10 * 2**20,
            "line_bytes": 100_000,
            "cell_display_bytes": 20 * 2**20,
            "run_display_bytes": 50 * 2**20,
        },
    }
    assert set(seen["work"]) == {"analysis.ipynb", "data/a.csv"}
    assert b"year = 5" in seen["work"]["analysis.ipynb"], "the prepared notebook, not the one that was sent"


def _submitted(bench: Bench, raw: bytes, along: Files, **wanted: Any) -> Run:
    wanted = {"file": "analysis.ipynb", **wanted}
    return submit(bench.records, bench.store, bench.settings, ADA, Submission(**wanted), (raw, along))[0]


def test_failure_names_the_cell_and_keeps_the_notebook_up_to_it(bench: Bench) -> None:
    bench.play = failing
    run = bench.submit()
    care(bench.supervisor(), run)
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
    care(bench.supervisor(), run)
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
    care(bench.supervisor(), run)
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
    care(bench.supervisor(), run)
    ended = bench.run(run)
    assert (ended.status, ended.reason, ended.error) == (Status.FAILED, "Half ?", RunError("E\ufffd", "?"))
    assert bench.log(run) == "half ? and \ufffd\n"
    whole(bench, ended)


# starting


def test_an_image_that_is_gone_ends_the_run_with_words(bench: Bench) -> None:
    bench.engine.images = set()
    run = bench.submit(retries=0)
    care(bench.supervisor(), run)
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
    care(bench.supervisor(), run)
    assert bench.run(run).status is Status.SUCCEEDED


def test_inputs_that_are_gone_end_the_run_with_words(bench: Bench) -> None:
    run = bench.submit()
    bench.forget_inputs(run)
    care(bench.supervisor(), run)
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
    care(bench.supervisor(parts=replace(bench.parts, engine=Watching())), run)  # type: ignore[arg-type]
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
    care(bench.supervisor(parts=parts), run)
    assert seen == [("MemoryFolders", Status.SUCCEEDED, 4), ("MemoryEngine", Status.SUCCEEDED, 4)]


def test_a_run_that_is_nobody_s_or_somebody_else_s_is_left_alone(bench: Bench) -> None:
    bench.supervisor().supervise("nosuchrun")
    run = bench.submit()
    claimed = bench.records.claim(run.id, "another")
    bench.supervisor().supervise(run.id)
    assert bench.run(run) == claimed
    assert bench.engine.creates == []


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
    care(bench.supervisor(), run)
    found = whole(bench, bench.run(run))
    assert {name for name, content in found.items() if content == b"forged"} == {"sub/log.txt", "ok"}
    assert found["notebook.ipynb"] == b'{"attempt": 1}'
    words = found["log.txt"].decode()
    for name in ("notebook.ipynb", "notebook.html", "log.txt", "manifest.json", "log.txt/deep/er"):
        assert f"[nightdesk] left out: {name}: this name is the platform's own\n" in words


def test_too_large_and_what_is_no_file_is_left_out_and_listed(benches: Callable[..., Bench]) -> None:
    bench = benches(cell_log="1K")

    def play(stage: Stage) -> Exit:
        folder = bench.folders.folders[stage.run.id, 1]
        folder.out.update({"a": b"x" * 1000, "b": b"x" * 1000, "c": b"x" * 10})
        folder.pipes.append("pipe")
        folder.result["notebook.ipynb"] = b"n" * 5000
        return two_cells(stage)

    bench.play = play
    run = bench.submit()
    bench.set_runs(output_bytes=1024)
    care(bench.supervisor(), run)
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
