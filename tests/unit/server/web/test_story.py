"""What happened to a run, over HTTP: history, attempts with what each left, and what went wrong."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Stage

from ..services.watching import until
from ..workbench import ADA, code, notebook, two_cells
from .site import Site

SOURCE = notebook(code("1"), code("for row in rows:\n    total += row['amount']"))


def second_time_lucky(stage: Stage) -> Exit:
    """The first attempt fails in its second cell."""
    if stage.run.attempt > 1:
        return two_cells(stage)
    stage.event("started", cells=2)
    for cell in (1, 2):
        stage.event("cell_started", cell=cell)
        stage.event("stream", cell=cell, name="stdout", text=f"first attempt, cell {cell}\n")
    error = {"type": "KeyError", "message": "'amount'", "cell": 2}
    stage.event(
        "finished", outcome="code_failed", reason="cell 2 of 2 raised KeyError: 'amount'", error=error
    )
    return Exit(1)


def tried(site: Site, times: int, **wanted: Any) -> Run:
    """A run after so many attempts; the first one fails."""
    site.bench.play = second_time_lucky
    try:
        run = site.bench.submit(source=SOURCE, **{"retry_wait_seconds": 0, **wanted})
        for _ in range(times):
            until(lambda: due(site, run), "the time of the next attempt")
            site.bench.supervisor().supervise(run.id)
    finally:
        site.bench.play = two_cells
    return site.bench.run(run)


def due(site: Site, run: Run) -> bool:
    """Whether it need not wait any more."""
    not_before = site.bench.run(run).not_before
    return not_before is None or not_before <= site.bench.records.now()


@pytest.fixture
def tried_twice(site: Site) -> Run:
    """A run that succeeded the second time."""
    return tried(site, 2, retries=1)


@pytest.fixture
def failed(site: Site) -> Run:
    """A run that failed."""
    return tried(site, 1)


def test_history_and_attempts(site: Site, tried_twice: Run) -> None:
    story = site.get(f"/runs/{tried_twice.id}/history", ADA).json
    assert [(change["attempt"], change["status"], change["what"]) for change in story["changes"]] == [
        (1, "queued", "submitted"),
        (1, "starting", "start prepared"),
        (1, "running", "code started"),
        (2, "queued", "attempt 1 failed, attempt 2 waits"),
        (2, "starting", "start of attempt 2 prepared"),
        (2, "running", "code of attempt 2 started"),
        (2, "succeeded", "succeeded"),
    ]
    assert [change["at"] for change in story["changes"]] == sorted(
        change["at"] for change in story["changes"]
    )
    assert story["changes"][1]["worker"] == "worker-1"
    assert story["changes"][3]["reason"] == "Cell 2 of 2 raised KeyError: 'amount'"
    first, second = story["attempts"]
    assert (first["status"], first["reason"]) == ("failed", "Cell 2 of 2 raised KeyError: 'amount'")
    assert first["started_at"] <= first["finished_at"] <= second["started_at"] <= second["finished_at"]
    assert second == {**second, "attempt": 2, "status": "succeeded", "reason": "All 2 cells ran."}


def test_each_attempt_s_log_and_outputs_can_be_read(site: Site, tried_twice: Run) -> None:
    base = f"/runs/{tried_twice.id}"
    assert site.get(f"{base}/log?attempt=1", ADA).text == "first attempt, cell 1\nfirst attempt, cell 2\n"
    assert site.get(f"{base}/log?attempt=2", ADA).text == site.get(f"{base}/log", ADA).text
    listed = [
        {output["name"] for output in site.get(f"{base}/outputs{query}", ADA).json["outputs"]}
        for query in ("?attempt=1", "?attempt=2", "")
    ]
    assert "table-1.csv" in listed[0]
    assert "table-2.csv" not in listed[0]
    assert listed[1] == listed[2]
    assert site.get(f"{base}/outputs/table-1.csv?attempt=1", ADA).body == b"attempt,1\n"
    assert site.get(f"{base}/outputs/table-1.csv", ADA).status == 404
    assert b'"attempt": 1' in site.get(f"{base}/outputs/manifest.json?attempt=1", ADA).body
    for path in ("log", "outputs", "outputs/log.txt"):
        answer = site.get(f"{base}/{path}?attempt=3", ADA)
        assert (answer.status, answer.json["error"]["message"]) == (404, "the run has no attempt 3")
        for none in ("0", "-1", "x", "9" * 40):
            assert site.get(f"{base}/{path}?attempt={none}", ADA).status == 422


def test_an_earlier_attempt_is_there_while_the_next_one_waits(site: Site) -> None:
    run = tried(site, 1, retries=1, retry_wait_seconds=600)
    assert run.status is Status.QUEUED
    assert site.get(f"/runs/{run.id}/outputs/table-1.csv?attempt=1", ADA).body == b"attempt,1\n"
    assert site.get(f"/runs/{run.id}/outputs/nothing?attempt=1", ADA).status == 404
    assert site.get(f"/runs/{run.id}/outputs/table-1.csv", ADA).status == 409, "of the next there is none yet"
    assert site.get(f"/runs/{run.id}/outputs", ADA).json == {"outputs": []}
    assert site.get(f"/runs/{run.id}", ADA).json["outputs"] == []


def test_an_earlier_notebook_can_be_read_as_a_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = site.app.state.renderer
    monkeypatch.setattr(
        renderer, "html", lambda file, _size, title, _code: iter([b"<p>", file.read(), title.encode()])
    )
    run = tried(site, 2, retries=1, name="Report")
    for query, attempt in (("", 2), ("?attempt=1", 1), ("?attempt=1", 1)):
        page = site.get(f"/runs/{run.id}/outputs/notebook.html{query}", ADA)
        assert (page.status, page.body) == (200, b'<p>{"attempt": %d}Report' % attempt)
    kept = {output.name for output in site.bench.records.outputs([run.id], 1)[run.id]}
    assert "notebook.html" in kept, "it is made once"


def test_what_went_wrong(site: Site, failed: Run) -> None:
    answer = site.get(f"/runs/{failed.id}/failure", ADA)
    assert answer.json == {
        "reason": "Cell 2 of 2 raised KeyError: 'amount'",
        "error": {"type": "KeyError", "message": "'amount'", "cell": 2},
        "cell": {"number": 2, "source": "for row in rows:\n    total += row['amount']", "lines": 2},
        "log": "first attempt, cell 1\nfirst attempt, cell 2",
    }


def test_where_nothing_went_wrong(site: Site, tried_twice: Run) -> None:
    answer = site.get(f"/runs/{tried_twice.id}/failure", ADA)
    assert (answer.status, answer.json["error"]["message"]) == (
        409,
        "the run is succeeded: nothing went wrong in it",
    )
    cancelled = site.submit().json["id"]
    site.post(f"/runs/{cancelled}/cancel", ADA)
    told = site.get(f"/runs/{cancelled}/failure", ADA).json
    assert told == {"reason": "Cancelled by ada before it started.", "error": None, "cell": None, "log": ""}
