"""What runs measure of themselves: as JSON, live, on a run's page and over the runs of a name."""

from __future__ import annotations

import html
import json
import re
import time

import pytest
from nightdesk.server.domain.metric import Point
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services import measures, supervise
from nightdesk.server.web import live

from ..services.watching import Worker
from ..workbench import ADA, BOB, two_cells
from .site import BASE, Site


def training(stage: Stage) -> Exit:
    """Code that logs a course and a result."""
    for step in range(3):
        stage.event("metric", name="loss", value=1.0 - step / 10, step=step)
    stage.event("metric", name="<b>x\x00", value=7, step=None)
    return two_cells(stage)


def trained(site: Site, name: str) -> Run:
    """A run that is over and has logged metrics."""
    site.bench.play = training
    try:
        run = site.finished(name=name)
    finally:
        site.bench.play = two_cells
    return run


def test_metrics_of_a_run(site: Site) -> None:
    run = trained(site, "training")
    answer = site.get(f"/runs/{run.id}/metrics", ADA).json
    assert (answer["run"], answer["attempt"]) == (run.id, 1)
    assert [(each["name"], each["value"], each["step"], each["count"]) for each in answer["metrics"]] == [
        ("loss", 0.8, 2, 3),
        ("<b>x�", 7.0, None, 1),
        ("auc", 0.81, None, 1),
    ]
    loss = answer["metrics"][0]
    assert (loss["lowest"], loss["highest"]) == (0.8, 1.0)
    assert loss["points"] == [[0, 1.0], [1, 0.9], [2, 0.8]]
    later = site.get(f"/runs/{run.id}/metrics?after={answer['last']}", ADA).json
    assert later["last"] == answer["last"]
    assert [each["points"] for each in later["metrics"]] == [[], [], []]
    one = site.get(f"/runs/{run.id}/metrics?name=loss", ADA).json
    assert [each["name"] for each in one["metrics"]] == ["loss"]
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    data = re.search(r"data-metrics='([^']*)'", page)
    assert data is not None
    assert json.loads(html.unescape(data[1]))["metrics"][0]["name"] == "loss"
    assert 'data-label="Last">0.8<' in page
    assert "<b>x" not in page


def test_a_run_without_metrics_hides_the_section(site: Site) -> None:
    run = site.bench.submit()
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    section = re.search(r'<section id="metrics"[^>]*>', page)
    assert section is not None
    assert section[0].endswith(" hidden>")


def test_metrics_are_there_while_the_run_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LOOK_ALONE_SECONDS", 0.01)
    monkeypatch.setattr(measures, "MEASURES_SECONDS", 0.05)
    monkeypatch.setattr(supervise, "MEASURES_SECONDS", 0.05)
    written: list[int] = []
    add = site.bench.records.add_metrics

    def counted(run: Run, points: list[Point]) -> None:
        written.append(len(points))
        add(run, points)

    monkeypatch.setattr(site.bench.records, "add_metrics", counted)

    def slow(stage: Stage) -> Exit:
        for step in range(500):
            stage.event("metric", name="loss", value=float(step), step=step)
        deadline = time.monotonic() + 10
        while not seen and time.monotonic() < deadline:
            time.sleep(0.01)
        return two_cells(stage)

    seen: list[int] = []
    site.bench.play = slow
    try:
        run = site.bench.submit()
        worker = Worker(site.bench.supervisor(), run)
        for _, name, data in site.events(run):
            if name == "metrics" and not seen:
                assert data["attempt"] == 1
                seen.append(data["last"])
            if name == "end":
                break
        worker.join()
    finally:
        site.bench.play = two_cells
    assert seen, "told before the end"
    assert sum(written) == 501
    assert len(written) < 20, "many points are one writing"


def test_over_the_runs_of_a_name(site: Site) -> None:
    runs = [trained(site, "nightly") for _ in range(2)]
    trained(site, "another")
    answer = site.get("/metrics?name=nightly", ADA).json
    assert [run["id"] for run in answer["runs"]] == [run.id for run in reversed(runs)]
    assert answer["metrics"] == ["<b>x�", "auc", "loss"]
    assert answer["runs"][0]["metrics"]["loss"] == 0.8
    assert site.get("/metrics?name=nightly", BOB).json["runs"] == [], "of their own there are none"
    assert site.get("/metrics?name=nightly&owner=ada", BOB).status == 403
    assert site.get("/metrics", ADA).status == 422
    page = site.ask("GET", f"{BASE}/metrics?name=nightly", ADA, cookie=True)
    assert page.status == 200
    assert all(f'data-run="{run.id}"' in page.text for run in runs)
    assert "<b>x" not in page.text
    other = site.ask("GET", f"{BASE}/metrics?name=nightly", BOB, cookie=True).text
    assert "There is no run of this name" in other
