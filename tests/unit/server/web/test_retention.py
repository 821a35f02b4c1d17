"""Keep marks over REST and on the page, and what admins are told would go."""

from __future__ import annotations

import json

import pytest
from nightdesk.server.domain import retention as domain

from ..workbench import ADA, BOB, ROOT
from .site import API, BASE, Site


def test_a_mark_and_its_button(site: Site) -> None:
    run = site.finished()
    assert site.get(f"/runs/{run.id}", ADA).json["kept"] is None
    kept = site.ask("PUT", f"{API}/runs/{run.id}/keep", ADA).json["kept"]
    assert kept["by"] == ADA.name
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    assert "Keep no longer" in page
    assert f"{ADA.name} marked them to stay" in page
    assert site.ask("DELETE", f"{API}/runs/{run.id}/keep", ADA).json["kept"] is None
    assert "Keep outputs" in site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text


def test_what_would_go_and_what_is_seen_when_it_went(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "YOUNG_SECONDS", -1.0)
    assert site.get("/retention", ROOT).json == {
        "rules": {"age_seconds": None, "count": None, "bytes": None}, "particular": [], "bytes": 0, "runs": [],
    }  # fmt: skip
    before = site.get("/usage", ADA).json["store"]
    run = site.finished()
    use = site.get("/usage", ADA).json["store"]
    assert use["runs"] == before["runs"] + 1
    assert use["bytes"] > before["bytes"]
    assert site.bench.records.remove_outputs(run.id, "older than 30 days")
    shown = site.get(f"/runs/{run.id}", ADA).json
    assert shown["outputs"] == []
    assert shown["outputs_removed"]["why"] == "older than 30 days"
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    assert "older than 30 days" in page
    assert "Keep outputs" not in page
    assert site.get(f"/runs/{run.id}/outputs/log.txt", ADA).status == 404
    assert site.get(f"/runs/{run.id}/log", ADA).status == 200
    assert site.get("/usage", ADA).json["store"] == before


def test_what_would_go_by_somebodys_own_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "YOUNG_SECONDS", -1.0)
    run = site.finished(BOB)
    limits = {"output_runs": 0, "output_bytes": "unlimited", "runs": 3}
    said = json.dumps({"limits": limits}).encode()
    kind = {"Content-Type": "application/json"}
    assert site.ask("PATCH", f"{API}/policies/person/bob", ROOT, body=said, headers=kind).status == 200
    found = site.get("/retention", ROOT).json
    del limits["runs"]
    assert found["particular"] == [{"kind": "person", "name": "bob", "limits": limits}]
    assert (found["runs"][0]["run"], found["runs"][0]["owner"]) == (run.id, "bob")
    page = site.ask("GET", f"{BASE}/usage", BOB, cookie=True).text
    assert "of 0" in page.split('id="store"')[1].split("</dd>")[0]
    nothing = {"limits": dict.fromkeys((*limits, "runs"))}
    body = json.dumps(nothing).encode()
    site.ask("PATCH", f"{API}/policies/person/bob", ROOT, body=body, headers=kind)
    assert site.get("/retention", ROOT).json["runs"] == []
