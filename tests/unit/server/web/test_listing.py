"""Lists over HTTP: what one may ask for, and what stands in each run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from nightdesk.server.adapters.schema import runs
from nightdesk.server.domain.person import Person
from sqlalchemy import update

from ..services.watching import Worker, until
from ..workbench import ROOT
from .site import Site

MIA = "token-mia"


@pytest.fixture(scope="module")
def ids(site: Site) -> dict[str, str]:
    """Runs of mia's and of noa's, submitted on four days; by what they are called here."""
    site.people.tokens.update({MIA: Person("mia"), "token-noa": Person("noa")})
    made = {}
    for day, (token, name) in enumerate(
        [(MIA, "Report"), (MIA, "report 2"), ("token-noa", "Report"), (MIA, "Training")], 1
    ):
        key = f"{name} of {'mia' if token == MIA else 'noa'}"
        made[key] = site.submit(token, name=name).json["id"]
        with site.bench.database.writing() as connection:
            moved = update(runs).where(runs.c.id == made[key])
            connection.execute(moved.values(created_at=1_000_000_000.0 + day * 86400))
    site.post(f"/runs/{made['Training of mia']}/cancel", MIA)
    return made


def found(site: Site, person: Person | str = MIA, **query: Any) -> list[str]:
    """The names in an answer, and whose they are."""
    answer = site.get(f"/runs?{urlencode(query)}", person)
    assert answer.status == 200, answer
    return [f"{run['name']} of {run['owner']}" for run in answer.json["runs"]]


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Training of mia", "report 2 of mia", "Report of mia"]),
        ({"name": "Report"}, ["Report of mia"]),
        ({"name": "*report*"}, ["report 2 of mia", "Report of mia"]),
        ({"name": ""}, ["Training of mia", "report 2 of mia", "Report of mia"]),
        ({"status": "cancelled"}, ["Training of mia"]),
        ({"status": "cancelled", "name": "*report*"}, []),
        ({"environment": "python-data"}, ["Training of mia", "report 2 of mia", "Report of mia"]),
        ({"environment": "python-data:2026.11.1", "limit": 1}, ["Training of mia"]),
        ({"environment": "python-data:1"}, []),
        ({"environment": "r"}, []),
        # 1_000_000_000 is 2001-09-09T01:46:40Z
        ({"since": "2001-09-11"}, ["Training of mia", "report 2 of mia"]),
        ({"since": "2001-09-11T01:46:40Z"}, ["Training of mia", "report 2 of mia"]),
        ({"since": "2001-09-11T01:46:41Z"}, ["Training of mia"]),
        ({"until": "2001-09-10"}, ["Report of mia"]),
        ({"until": "2001-09-10T01:46:40Z"}, []),
        ({"until": "2001-09-10T03:46:41+02:00"}, ["Report of mia"]),
        ({"since": "2001-09-11", "until": "2001-09-11"}, ["report 2 of mia"]),
    ],
    ids=str,
)
def test_what_one_asks_for_is_what_comes(site: Site, query: dict[str, Any], names: list[str]) -> None:
    assert found(site, **query) == names


@pytest.mark.usefixtures("ids")
def test_admins_ask_about_everybody(site: Site) -> None:
    assert found(site, ROOT, owner="all", name="Report") == ["Report of noa", "Report of mia"]
    assert found(site, ROOT, owner="noa") == ["Report of noa"]
    assert found(site, ROOT, owner="noa", name="*x*") == []


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("since=soon", 400, "'since' is neither a day nor a time: 'soon'"),
        ("since=", 400, "'since' is neither a day nor a time: ''"),
        ("until=2026-13-01", 400, "'until' is neither a day nor a time: '2026-13-01'"),
        ("until=9999-12-31", 400, "'until' is neither a day nor a time: '9999-12-31'"),
        ("since=" + "9" * 5000, 400, "'since' is neither a day nor a time: '" + "9" * 40),
        ("status=done", 422, "query.status: "),
        ("name=" + "x" * 201, 422, "query.name: "),
        ("environment=" + "x" * 201, 422, "query.environment: "),
        ("limit=0", 422, "query.limit: "),
    ],
)
def test_what_cannot_be_meant_is_refused(site: Site, query: str, status: int, message: str) -> None:
    answer = site.get(f"/runs?{query}", MIA)
    assert answer.status == status
    assert answer.json["error"]["message"].startswith(message)
    assert answer.json["error"]["hint"]


@pytest.mark.parametrize("name", ["%00", "%25", "%27%20or%201=1", "*" * 200, "%F0%9F%98%80*", "%ff*"])
@pytest.mark.usefixtures("ids")
def test_odd_names_find_nothing_or_everything(site: Site, name: str) -> None:
    answer = site.get(f"/runs?name={name}", MIA)
    assert answer.status == 200
    assert len(answer.json["runs"]) == (3 if name == "*" * 200 else 0)


# what stands in each run


def test_a_run_tells_its_limits_and_its_retries(site: Site) -> None:
    run = site.submit(
        MIA, priority="high", retries=2, retry_wait_seconds=30, timeout_seconds=600, cell_timeout_seconds=60
    ).json
    told = ("priority", "retries", "retry_wait_seconds", "timeout_seconds", "cell_timeout_seconds")
    assert [run[key] for key in told] == ["high", 2, 30, 600, 60]
    assert (run["expected_seconds"], run["elapsed_seconds"]) == (None, None)


@pytest.mark.parametrize(
    ("wanted", "status", "message"),
    [
        ({"priority": "urgent"}, 403, "only admins submit urgent runs"),
        ({"priority": "top"}, 400, "the request's 'priority': Input should be 'low', 'normal', 'high' or 'urgent'"),
        ({"priority": None}, 400, "the request's 'priority': "),
        ({"cell_timeout_seconds": "soon"}, 400, "the request's 'cell_timeout_seconds': "),
        ({"cell_timeout_seconds": 0}, 400, "the time limit of a cell must be between"),
        ({"retry_wait_seconds": float("nan")}, 400, "the wait before a retry must be between"),
    ],
)  # fmt: skip
def test_options_that_are_refused(site: Site, wanted: dict[str, Any], status: int, message: str) -> None:
    answer = site.submit(MIA, **wanted)
    assert answer.status == status
    assert answer.json["error"]["message"].startswith(message)


def test_as_many_as_may_wait(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    real = type(site.bench.records).standing
    crowded = lambda *asked: replace(real(*asked), waiting=2000)  # noqa: E731
    monkeypatch.setattr(type(site.bench.records), "standing", crowded)
    answer = site.submit(MIA)
    assert (answer.status, answer.json["error"]["code"]) == (429, "too_many")
    assert answer.json["error"]["message"] == "mia has 2000 runs waiting already; the limit is 2000"


@pytest.fixture
def alive(site: Site) -> Iterator[None]:
    """There is a worker with a slot."""
    site.bench.records.beat("one", 1, 2**50)
    site.platform.waiting.forget()
    yield
    site.bench.records.let_go("one")
    site.platform.waiting.forget()


@pytest.mark.usefixtures("alive")
def test_each_queued_run_of_a_list_says_why_it_waits(site: Site) -> None:
    site.people.tokens["token-sam"] = Person("sam")
    first, second = (site.submit("token-sam").json["id"] for _ in range(2))
    listed = {run["id"]: run["waiting"] for run in site.get("/runs", "token-sam").json["runs"]}
    alone = {run_id: site.get(f"/runs/{run_id}", "token-sam").json["waiting"] for run_id in (first, second)}
    assert listed == alone
    ahead = [int((re.search(r"(\d+) ahead", words) or [0, 0])[1]) for words in (alone[first], alone[second])]
    assert ahead[0] < ahead[1]
    assert alone[second] == f"waiting for a slot: {ahead[1]} ahead"


def test_a_run_that_is_tried_again_says_when_and_why(site: Site) -> None:
    bench = site.bench
    before = bench.play

    def failing(stage: Any) -> int:
        stage.event("started", cells=2)
        stage.event("finished", outcome="code_failed", reason="cell 1 of 2 raised ValueError: no")
        return 1

    bench.play = failing
    try:
        run = bench.submit(person=Person("sam"), retries=2, retry_wait_seconds=600)
        bench.supervisor().supervise(run.id)
    finally:
        bench.play = before
    told = site.get(f"/runs/{run.id}", ROOT).json
    assert re.fullmatch(
        r"attempt 2 of 3 starts in (10 min|9 min \d+ s): Cell 1 of 2 raised ValueError: no", told["waiting"]
    )
    assert (told["status"], told["attempt"], told["elapsed_seconds"]) == ("queued", 2, None)
    listed = site.get("/runs?owner=sam&limit=1", ROOT).json["runs"]
    assert listed[0]["waiting"].startswith("attempt 2 of 3 starts in ")


def test_for_how_long_a_run_has_been_going_on(site: Site) -> None:
    bench = site.bench
    before = bench.play

    def holding(stage: Any) -> int:
        stage.event("started", cells=2)
        stage.wait_for("end")
        stage.event("finished", outcome="succeeded")
        return 0

    bench.play = holding
    try:
        run = bench.submit(person=Person("sam"), name="Long")
        worker = Worker(bench.supervisor(), run)
        until(lambda: bench.run(run).status == "running", "the run goes on")
        now = bench.records.uptime()
        with bench.database.writing() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.id == run.id)
                .values(started_uptime=now - 100, expected_seconds=260.0)
            )
        told = site.get(f"/runs/{run.id}", ROOT).json
        assert 100 <= told["elapsed_seconds"] < 160
        assert told["expected_seconds"] == 260
        listed = site.get("/runs?owner=sam&limit=1", ROOT).json["runs"][0]
        assert told["elapsed_seconds"] <= listed["elapsed_seconds"] < 160
    finally:
        bench.engine.stage(run).cue("end")
        worker.join()
        bench.play = before
    ended = bench.run(run)
    assert ended.started_at is not None
    assert ended.finished_at is not None
    took = site.get(f"/runs/{run.id}", ROOT).json["elapsed_seconds"]
    assert took == round(ended.finished_at - ended.started_at, 3)
