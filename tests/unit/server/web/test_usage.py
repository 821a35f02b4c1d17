"""What a run takes of the machine: as JSON, live, and on its page."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.ports.records import Usage
from nightdesk.server.web import live

from ..services.watching import Worker, until
from ..workbench import ADA, two_cells
from .site import BASE, Site

MB = 2**20
FIRST, SECOND = Usage(0.0, 0.25, 340 * MB, 5 * MB), Usage(0.0, 0.93, 210 * MB, 7 * MB)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Redis watchers look each second; here they look all the time."""
    monkeypatch.setattr(live, "_LOOK_ALONE_SECONDS", 0.01)


def going(site: Site) -> Run:
    """A run whose code runs, as far as the record knows."""
    run = site.bench.submit()
    claimed = site.bench.records.claim(run.id, "worker-1")
    assert claimed is not None
    return site.bench.records.change(claimed, status=Status.RUNNING)


def measured(site: Site, run: Run, *samples: Usage) -> None:
    """Put samples on record, each at a moment of its own."""
    records = site.bench.records
    for sample in samples:
        latest = records.latest_usage(run)
        until(lambda latest=latest: latest is None or records.now() > latest.at, "the clock goes on")
        records.add_usage(run, sample)


def test_samples_and_limits(site: Site) -> None:
    run = going(site)
    limits = {"cpus": 2.0, "memory_bytes": 4 * 2**30, "disk_bytes": 20 * 2**30}
    assert site.get(f"/runs/{run.id}/usage", ADA).json == {"samples": [], "limits": limits}
    measured(site, run, FIRST, SECOND)
    answer = site.get(f"/runs/{run.id}/usage", ADA).json
    assert answer["limits"] == limits
    assert [{**sample, "at": ""} for sample in answer["samples"]] == [
        {"at": "", "cpus": 0.25, "memory_bytes": 340 * MB, "disk_bytes": 5 * MB},
        {"at": "", "cpus": 0.93, "memory_bytes": 210 * MB, "disk_bytes": 7 * MB},
    ]
    times = [sample["at"] for sample in answer["samples"]]
    assert times == sorted(times)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", times[0])


def test_attempts_are_apart(site: Site) -> None:
    run = going(site)
    measured(site, run, FIRST)
    queued = site.bench.records.change(run, status=Status.QUEUED, attempt=2, worker=None)
    assert site.get(f"/runs/{run.id}/usage", ADA).json["samples"] == []
    assert len(site.get(f"/runs/{run.id}/usage?attempt=1", ADA).json["samples"]) == 1
    assert site.get(f"/runs/{run.id}/usage?attempt=7", ADA).json["samples"] == []
    assert site.get(f"/runs/{run.id}/usage?attempt=0", ADA).status == 422
    assert site.get(f"/runs/{run.id}/usage?attempt={10**30}", ADA).status == 422
    assert queued.attempt == 2


def test_a_run_that_goes_on_says_what_it_takes_now(site: Site) -> None:
    run = going(site)
    assert site.get(f"/runs/{run.id}", ADA).json["usage"] is None
    measured(site, run, FIRST, SECOND)
    assert site.get(f"/runs/{run.id}", ADA).json["usage"]["cpus"] == 0.93
    assert site.get("/runs", ADA).json["runs"][0]["usage"] is None, "not in lists: one question for each run"
    site.bench.records.change(run, status=Status.SUCCEEDED, reason="All cells ran.")
    assert site.get(f"/runs/{run.id}", ADA).json["usage"] is None


def test_who_follows_is_told_of_each_sample_once(site: Site) -> None:
    def patient(stage: Stage) -> Exit:
        stage.event("started", cells=2)
        stage.event("stream", cell=1, name="stdout", text="waiting\n")
        stage.wait_for("go")
        return two_cells(stage)

    bench = site.bench
    bench.play = patient
    run = bench.submit()
    worker = Worker(bench.supervisor(), run)
    until(lambda: bench.log(run) == "waiting\n", "it runs")
    measured(site, bench.run(run), FIRST)
    seen: list[tuple[str | None, str, Any]] = []
    for event in site.events(run):
        seen.append(event)
        used = [data for _, name, data in seen if name == "usage"]
        if event[1] == "usage" and len(used) == 1:
            measured(site, bench.run(run), SECOND)
        elif event[1] == "usage":
            bench.engine.stage(run).cue("go")
    worker.join()
    assert [data["cpus"] for _, name, data in seen if name == "usage"] == [0.25, 0.93]
    assert all(identity is None for identity, name, _ in seen if name == "usage"), "the place is the log's"
    assert all(data["usage"] is None for _, name, data in seen if name in {"run", "end"})
    assert seen[-1][1] == "end"
    bench.play = two_cells


def page(site: Site, run: Run) -> str:
    """The run's page."""
    answer = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True)
    assert answer.status == 200
    return html.unescape(answer.text)


def test_the_page_says_it_in_words_and_brings_the_numbers_along(site: Site) -> None:
    run = going(site)
    assert re.search(r"<section id=\"usage\"[^>]* hidden>", page(site, run)), "there is nothing to show yet"
    measured(site, run, FIRST, SECOND)
    text = page(site, run)
    assert not re.search(r"<section id=\"usage\"[^>]* hidden>", text)
    assert "CPU 0.9 of 2 · memory 210 MB of 4 GB (at most 340 MB) · files 7 MB of 20 GB" in text
    numbers = re.search(r"data-usage='([^']*)'", text)
    assert numbers is not None
    assert json.loads(numbers[1]) == site.get(f"/runs/{run.id}/usage", ADA).json
    site.bench.records.change(run, status=Status.SUCCEEDED, reason="All cells ran.")
    assert "At most CPU 0.9 of 2 · memory 340 MB of 4 GB · files 7 MB of 20 GB" in page(site, run)
