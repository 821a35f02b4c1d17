"""Pipelines over REST."""

from __future__ import annotations

import json
from typing import Any

from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status

from ..services.piping import CHAIN, FILES
from ..workbench import ADA, BOB, ROOT, archive
from .site import BASE, Answer, Site, multipart


def send(
    site: Site, text: str = CHAIN, person: Person = ADA, path: str = "/pipelines", **wanted: Any
) -> Answer:
    files = archive(*FILES.items()).archive.read()
    body, kind = multipart(request=json.dumps(wanted).encode(), source=text.encode(), files=files)
    return site.post(path, person, body=body, headers={"Content-Type": kind})


def test_a_pipeline_says_how_far_it_is(site: Site) -> None:
    answer = send(site, parameters={"month": "2026-12"}, key="once")
    assert answer.status == 201, answer
    made = answer.json
    assert (made["status"], made["parameters"]) == ("running", {"month": "2026-12"})
    assert made["count"] == {"steps": 4, "good": 0, "going": 1, "bad": 0}
    assert [(step["name"], step["status"], step["needs"]) for step in made["steps"]] == [
        ("prepare", "queued", []),
        ("train", "waiting", ["prepare"]),
        ("check", "waiting", ["prepare"]),
        ("report", "waiting", ["train", "check"]),
    ]
    run = site.get(f"/runs/{made['steps'][0]['run']}", ADA).json
    assert (run["pipeline"], run["name"]) == ({"id": made["id"], "step": "prepare"}, "chain: prepare")
    again = send(site, key="once")
    assert (again.status, again.json["id"]) == (200, made["id"])
    listed = site.get("/pipelines", ADA).json["pipelines"]
    assert [(each["id"], each["count"]) for each in listed] == [(made["id"], made["count"])]
    assert site.get("/pipelines?owner=all", ROOT).json["pipelines"][0]["id"] == made["id"]
    assert site.get("/pipelines", BOB).json["pipelines"] == []
    assert site.get("/pipelines?status=failed", ADA).json["pipelines"] == []


def test_check_keeps_nothing(site: Site) -> None:
    answer = send(site, path="/pipelines/check")
    assert answer.status == 200, answer
    assert answer.json["layers"] == [["prepare"], ["train", "check"], ["report"]]
    assert answer.json["steps"][1]["environment"] == "python-data:2026.11.1"
    assert site.get("/pipelines?name=chain&limit=1", BOB).json["pipelines"] == []


def test_mistakes_have_lines(site: Site) -> None:
    answer = send(site, "name: n\nsteps:\n  a: {run: a.py, need: b}", file="monthly.yaml")
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith(
        "monthly.yaml, line 3: 'need' is nothing that a step has"
    )


def test_cancelling_and_resuming(site: Site) -> None:
    made = send(site).json
    cancelled = site.post(f"/pipelines/{made['id']}/cancel", ADA)
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert cancelled.json["steps"][0]["status"] == "cancelled"
    assert cancelled.json["steps"][1]["status"] == "not_run"
    assert site.bench.run(made["steps"][0]["run"]).status is Status.CANCELLED
    again = site.post(f"/pipelines/{made['id']}/resume", ADA)
    assert (again.status, again.json["attempt"], again.json["status"]) == (200, 2, "running")
    assert again.json["steps"][0]["run"] != made["steps"][0]["run"]
    assert site.post(f"/pipelines/{made['id']}/resume", ADA).status == 409


def test_events_tell_of_steps_and_of_the_end(site: Site) -> None:
    made = send(site).json
    site.post(f"/pipelines/{made['id']}/cancel", ADA)
    events = site.get(f"/pipelines/{made['id']}/events", ADA).body.decode()
    assert events.startswith("event: pipeline\ndata: {")
    assert "event: end\n" in events
    assert site.get(f"/pipelines/{made['id']}/events", BOB).status == 404


def test_a_list_goes_on(site: Site) -> None:
    ids = [send(site, name=f"n{number}", person=BOB).json["id"] for number in range(3)]
    first = site.get("/pipelines?limit=2", BOB).json
    assert [each["id"] for each in first["pipelines"]] == [ids[2], ids[1]]
    rest = site.get(f"/pipelines?limit=2&before={first['next']}", BOB).json
    assert ids[0] in {each["id"] for each in rest["pipelines"]}


# pages


def look(site: Site, path: str, person: Person) -> Answer:
    return site.ask("GET", f"{BASE}{path}", person, cookie=True)


def test_the_page_has_the_picture_and_the_same_as_a_table(site: Site) -> None:
    made = send(site, name="<pictured>").json
    answer = look(site, f"/pipelines/{made['id']}", ADA)
    assert answer.status == 200
    text = answer.body.decode()
    assert text.count('class="spot ') == 4
    assert text.count('class="edge"') == 4
    assert f'href="{BASE}/runs/{made["steps"][0]["run"]}" id="spot-prepare"' in text
    assert 'href="#step-train" id="spot-train"' in text
    assert 'aria-label="train: waiting; needs prepare"' in text
    assert "0 of 4 steps done, 1 going on" in text
    assert "&lt;pictured&gt;" in text
    assert "<pictured>" not in text
    assert "Cancel all of it" in text
    listed = look(site, "/pipelines", ADA).body.decode()
    assert f"/pipelines/{made['id']}" in listed
    run = look(site, f"/runs/{made['steps'][0]['run']}", ADA).body.decode()
    assert f'step prepare of <a href="{BASE}/pipelines/{made["id"]}">' in run
    site.post(f"/pipelines/{made['id']}/cancel", ADA)
    text = look(site, f"/pipelines/{made['id']}", ADA).body.decode()
    assert "Cancelled by ada." in text
    assert ">Resume<" in text


def test_a_list_without_any_teaches(site: Site) -> None:
    assert "nightdesk pipeline run" in look(site, "/pipelines?owner=me", ROOT).body.decode()
