"""What the hub tells about people who leave, and what becomes of their runs. Tokens are the hub's matter."""

from __future__ import annotations

import json
from typing import Any

from nightdesk.server.domain.run import Status

from ..workbench import ADA, BOB, ROOT
from .site import API, SERVICE_TOKEN, Site


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
