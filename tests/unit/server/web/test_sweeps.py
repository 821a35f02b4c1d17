"""Sweeps over REST: made, looked at, followed, stopped."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.server.domain.metric import Point
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status

from ..workbench import ADA, BOB, ROOT, code, notebook
from .site import API, Answer, Site, multipart, parse

NOTEBOOK = notebook(code("lr = 0.1\ndepth = 2\nname = 'x'", "parameters"), code("print(lr)"))
GRID = {"lr": [0.1, 0.01], "depth": [2, 4]}


def send(site: Site, path: str = "", person: Person = ADA, source: bytes = NOTEBOOK, **wanted: Any) -> Answer:
    wanted = {"file": "train.ipynb", **wanted}
    body, kind = multipart(request=json.dumps(wanted).encode(), source=source)
    return site.post(f"/sweeps{path}", person, body=body, headers={"Content-Type": kind})


@pytest.fixture
def made(site: Site) -> dict[str, Any]:
    answer = send(site, grid=GRID, at_most=2, metric="accuracy", parameters={"name": "a"})
    assert answer.status == 201, answer
    document: dict[str, Any] = answer.json
    return document


def succeeded(site: Site, run_id: str, **metrics: float) -> None:
    """The run as one that has logged these and is over."""
    records = site.bench.records
    run = records.claim(run_id, "w")
    assert run is not None
    run = records.change(run, status=Status.RUNNING)
    points = [Point(number, name, value) for number, (name, value) in enumerate(metrics.items(), 1)]
    records.add_metrics(run, points)
    records.change(run, status=Status.SUCCEEDED)


def test_a_sweep_says_what_it_is(site: Site, made: dict[str, Any]) -> None:
    assert made["said"] == "lr (2) x depth (2): 4 runs"
    assert (made["count"], made["varied"], made["fixed"]) == (4, ["lr", "depth"], {"name": "a"})
    assert (made["counts"], made["over"], made["best"], made["at_most"]) == ({"queued": 4}, False, None, 2)
    assert [each["parameters"] for each in made["members"]][1] == {"lr": 0.1, "depth": 4}
    assert site.get(f"/sweeps/{made['id']}", ADA).json == made
    listed = site.get("/sweeps", ADA).json["sweeps"]
    assert listed[0]["id"] == made["id"]
    assert "members" not in listed[0]
    run = site.get(f"/runs/{made['members'][2]['run']}", ADA).json
    assert (run["sweep"], run["parameters"]) == (made["id"], {"name": "a", "lr": 0.01, "depth": 2})
    of_sweep = site.get(f"/runs?sweep={made['id']}", ADA).json["runs"]
    assert [each["id"] for each in of_sweep] == [each["run"] for each in made["members"]][::-1]


def test_the_best_is_by_the_metric_and_which_way_one_says(site: Site, made: dict[str, Any]) -> None:
    runs = [each["run"] for each in made["members"]]
    succeeded(site, runs[0], accuracy=0.5, loss=0.1)
    succeeded(site, runs[2], accuracy=0.9, loss=0.4)
    one = site.get(f"/sweeps/{made['id']}", ADA).json
    assert (one["best"], one["metrics"]) == (3, ["accuracy", "loss"])
    assert one["members"][2]["metrics"] == {"accuracy": 0.9, "loss": 0.4}
    assert one["counts"] == {"queued": 2, "succeeded": 2}
    by_loss = site.get(f"/sweeps/{made['id']}?metric=loss&goal=min", ADA).json
    assert (by_loss["best"], by_loss["metric"], by_loss["goal"]) == (1, "loss", "min")
    assert site.get(f"/sweeps/{made['id']}?metric=nothing", ADA).json["best"] is None
    assert site.get(f"/sweeps/{made['id']}?goal=most", ADA).status == 422


@pytest.mark.parametrize(
    ("wanted", "status", "words"),
    [
        ({}, 400, "one of 'grid', 'points', 'random' and 'csv'"),
        ({"grid": GRID, "csv": "lr\n1\n"}, 400, "one of 'grid'"),
        ({"grid": {}}, 400, "has no run"),
        ({"grid": {"lr": [1, 1]}}, 400, "twice"),
        ({"grid": {"lr": ["fast"]}}, 400, "run 1 of 1 (lr=fast): parameter 'lr' must be float"),
        ({"grid": {"wings": [1]}}, 400, "no parameter 'wings'"),
        ({"grid": {"1; import os": [1]}}, 400, "no name for a parameter"),
        ({"grid": {"depth": list(range(2000))}}, 413, "1000 are the most"),
        (
            {"grid": {"lr": [n / 8 for n in range(1000)], "depth": list(range(1000))}},
            413,
            "1000 are the most",
        ),
        ({"points": [{"lr": 1}], "parameters": {"lr": 2}}, 400, "Say it once"),
        ({"points": [1]}, 400, "points"),
        ({"random": {"count": 3, "draws": {}}}, 400, "what is to be drawn"),
        ({"random": {"count": 3, "draws": {"lr": {"kind": "normal"}}}}, 400, "draws"),
        ({"random": {"count": 3, "seed": -1, "draws": {"lr": {"kind": "uniform"}}}}, 400, "a seed is"),
        ({"csv": "lr,depth\n1\n"}, 400, "line 2 of the table"),
        ({"grid": GRID, "at_most": 0}, 400, "at most 1 to 10000"),
        ({"grid": GRID, "metric": ""}, 400, "metric"),
        ({"grid": GRID, "goal": "most"}, 400, "goal"),
        ({"grid": GRID, "as": "bob"}, 400, "whoever makes it"),
        ({"grid": GRID, "environment": "nothing"}, 404, "no environment"),
        ({"grid": GRID, "wish": 1}, 400, "wish"),
    ],
)
@pytest.mark.case(25)
@pytest.mark.parametrize("path", ["", "/preview"])
def test_what_cannot_be_is_refused_before_anything_is_kept(
    site: Site, path: str, wanted: dict[str, Any], status: int, words: str
) -> None:
    before = len(site.get("/sweeps?limit=200", ADA).json["sweeps"])
    answer = send(site, path, **wanted)
    error = answer.json["error"]
    assert (answer.status, words in f"{error['message']} {error['hint']}") == (status, True), answer
    assert len(site.get("/sweeps?limit=200", ADA).json["sweeps"]) == before


def test_a_preview_counts_and_makes_nothing(site: Site) -> None:
    before = len(site.get("/runs?limit=500", ADA).json["runs"])
    draws = {
        "lr": {"kind": "loguniform", "low": 1e-4, "high": 0.1},
        "depth": {"kind": "int", "low": 1, "high": 8},
    }
    preview = send(site, "/preview", random={"count": 30, "draws": draws}).json
    assert (preview["count"], len(preview["points"]), preview["varied"]) == (30, 20, ["lr", "depth"])
    assert isinstance(preview["seed"], int)
    assert f"seed {preview['seed']}" in preview["said"]
    assert len(site.get("/runs?limit=500", ADA).json["runs"]) == before
    random = {"count": 30, "seed": preview["seed"], "draws": draws}
    made = send(site, random=random).json
    assert [each["parameters"] for each in made["members"]][:20] == preview["points"]
    assert made["wish"]["random"]["seed"] == preview["seed"]


def test_a_table_s_cells_are_text_whatever_is_said(site: Site) -> None:
    made = send(site, csv="lr,name\n0.5,12\n", parameters_are_text=False).json
    assert made["members"][0]["parameters"] == {"lr": 0.5, "name": "12"}


def test_one_key_is_one_sweep(site: Site) -> None:
    first = send(site, grid=GRID, key="once")
    again = send(site, grid=GRID, key="once")
    assert (first.status, again.status) == (201, 200)
    assert again.json["id"] == first.json["id"]
    assert send(site, person=BOB, grid=GRID, key="once").json["id"] != first.json["id"]


def test_the_rest_is_stopped(site: Site, made: dict[str, Any]) -> None:
    path = f"/sweeps/{made['id']}"
    succeeded(site, made["members"][0]["run"], accuracy=1.0)
    assert site.post(f"{path}/stop", BOB).status == 404
    running = site.bench.records.claim(made["members"][1]["run"], "w")
    headers = {"Content-Type": "application/json"}
    first = site.post(f"{path}/stop", ADA, body=b'{"waiting_only": true}', headers=headers)
    assert first.json == {"stopped": 2}
    assert site.post(f"{path}/stop", ADA).json == {"stopped": 1}
    after = site.get(path, ADA).json
    assert after["counts"] == {"starting": 1, "succeeded": 1, "cancelled": 2}
    assert after["stopped"]["by"] == "ada"
    assert running is not None
    assert running.id in site.bench.bell.changes
    assert site.post(f"{path}/stop", ADA, body=b'{"x": 1}', headers=headers).status in {400, 422}


def test_others_see_neither_the_sweep_nor_that_there_is_one(site: Site, made: dict[str, Any]) -> None:
    for path in (f"/sweeps/{made['id']}", f"/sweeps/{made['id']}/events"):
        mine, none = site.get(path, BOB), site.get(path.replace(made["id"], "nothing"), BOB)
        assert (mine.status, none.status) == (404, 404)
    assert made["id"] not in site.get("/sweeps", BOB).text
    assert site.get("/sweeps?owner=ada", BOB).status == 403
    assert made["id"] in site.get("/sweeps?owner=all", ROOT).text
    assert site.get(f"/sweeps/{made['id']}", ROOT).status == 200
    seen = site.get(f"/audit?on={made['id']}&action=sweep.seen", ROOT).json["entries"]
    assert [entry["by"] for entry in seen] == ["root"]


def events(site: Site, sweep_id: str) -> Iterator[tuple[str, Any]]:
    connection, response = site.open("GET", f"{API}/sweeps/{sweep_id}/events", ADA)
    try:
        assert response.status == 200
        for _, name, data in parse(response):
            yield name, data
    finally:
        response.close()
        connection.close()


def test_it_is_told_live_what_changes_and_when_it_is_over(site: Site, made: dict[str, Any]) -> None:
    runs = [each["run"] for each in made["members"]]
    stream = events(site, made["id"])
    name, first = next(stream)
    assert (name, len(first["members"])) == ("sweep", 4)
    watchers = site.app.state.news._watchers
    succeeded(site, runs[0], accuracy=0.5)
    name, change = next(each for each in stream if each[0] == "sweep" and each[1]["best"])
    assert [each["place"] for each in change["members"]] == [1]
    assert (change["best"], change["counts"]["succeeded"]) == (1, 1)
    assert runs[3] in watchers
    again = site.post(f"/runs/{runs[0]}/retry", ADA).json["id"]
    name, change = next(each for each in stream if each[0] == "sweep" and each[1]["members"])
    assert (change["members"][0]["run"], change["members"][0]["earlier"]) == (again, 1)
    threading.Timer(0.1, lambda: site.post(f"/sweeps/{made['id']}/stop", ADA)).start()
    kinds = [name for name, _ in stream if name != "ping"]
    assert kinds[-1] == "end"
    assert runs[3] not in watchers


def test_pages_of_the_list(site: Site) -> None:
    for _ in range(3):
        send(site, grid={"lr": [1]})
    first = site.get("/sweeps?limit=2", ADA).json
    rest = site.get(f"/sweeps?limit=2&before={first['next']}", ADA).json
    ids = [sweep["id"] for sweep in [*first["sweeps"], *rest["sweeps"]]]
    assert len(set(ids)) == 4
    assert site.get("/sweeps?before=x", ADA).status == 400
