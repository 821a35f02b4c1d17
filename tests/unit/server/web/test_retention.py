"""Keep marks over REST and on the page, and what admins are told would go."""

from __future__ import annotations

import pytest
from nightdesk.server.domain import retention as domain

from ..workbench import ADA, ROOT
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
        "rules": {"age_seconds": None, "count": None, "bytes": None}, "bytes": 0, "runs": [],
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
