"""What the hub tells about people who leave, and what becomes of their runs. Tokens are the hub's matter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from nightdesk.server.domain.run import Status

from ..workbench import ADA, BOB, ROOT
from .site import API, NOTEBOOK, SERVICE_TOKEN, Site, multipart


def told(site: Site, name: str, **news: Any) -> Any:
    answer = site.ask(
        "PUT",
        f"{API}/leaving/{name}",
        SERVICE_TOKEN,
        body=json.dumps({"by": "root", **news}).encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status == 200, answer.text
    return answer.json


def test_runs_end_with_their_owner(site: Site) -> None:
    done, waiting = site.finished(ADA), site.bench.submit(person=ADA)
    assert told(site, "ada", state="out") == {"cancelled": 1, "ending": 0, "handed_over": 0}
    assert told(site, "ada", state="out") == {"cancelled": 0, "ending": 0, "handed_over": 0}
    ended = site.bench.records.run(waiting.id)
    assert ended is not None
    assert (ended.status, ended.reason) == (Status.CANCELLED, "Cancelled by root, who disabled ada.")
    assert site.get(f"/runs/{done.id}", ROOT).json["owner"] == "ada"
    owned = site.get("/owners/ada", ROOT).json
    assert owned["runs"]["cancelled"] == 1
    assert told(site, "ada", state="back") == {}


def test_an_heir_has_the_runs(site: Site) -> None:
    run = site.finished(ADA)
    assert site.get(f"/runs/{run.id}", BOB).status == 404
    assert told(site, "ada", state="out", heir="bob")["handed_over"] >= 1
    assert site.get(f"/runs/{run.id}", BOB).json["owner"] == "bob"
    assert site.get(f"/runs/{run.id}", ADA).status == 404
    story = site.get(f"/runs/{run.id}/history", BOB).json["changes"]
    assert story[-1]["what"] == "handed over from ada to bob by root"
    told(site, "ada", state="back")


def test_the_next_ada_sees_nothing_of_the_first(site: Site) -> None:
    run = site.finished(ADA)
    told(site, "ada", state="out")
    assert told(site, "ada", state="removed", number=1) == {"kept": 1}
    assert site.get(f"/runs/{run.id}", ADA).status == 404
    assert site.get("/runs", ADA).json["runs"] == []
    assert site.get(f"/runs/{run.id}", ROOT).json["owner"] == "ada~1"
    page = site.ask("GET", f"/services/nightdesk/runs/{run.id}", ROOT, cookie=True).text
    assert "ada (former member)" in page
    site.bench.submit(person=ADA)


@pytest.mark.security(42)
def test_schedules_of_who_leaves_are_paused_and_go_to_the_heir(site: Site) -> None:
    def add(name: str) -> str:
        wanted = {"file": "a.ipynb", "cron": "0 6 * * *", "name": name}
        body, kind = multipart(request=json.dumps(wanted).encode(), source=NOTEBOOK)
        made = site.post("/schedules", ADA, body=body, headers={"Content-Type": kind})
        assert made.status == 201, made
        return str(made.json["id"])

    first = add("first")
    told(site, "ada", state="out")
    schedule = site.bench.records.schedule(first)
    assert schedule is not None
    assert (schedule.owner, schedule.paused, schedule.paused_why) == (
        "ada",
        True,
        "ada was disabled by root.",
    )
    told(site, "ada", state="back")
    second = add("second")
    told(site, "ada", state="out", heir="bob", heir_groups=["team"])
    for each in (first, second):
        moved = site.bench.records.schedule(each)
        assert moved is not None
        assert (moved.owner, moved.paused, moved.next_at) == ("bob", True, None)
        assert "with your rights" in (moved.paused_why or "")
    told(site, "ada", state="back")
