"""Usage over HTTP: one's own, everybody's, and as CSV; and what limits refuse at submit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.server.domain.policy import Kind, Limit, Policy
from nightdesk.server.domain.use import Month
from nightdesk.server.ports.use import SessionSeen

from ..workbench import ADA, BOB, ROOT
from .site import BASE, SERVICE_TOKEN, Site
from .test_groups import change


@pytest.fixture
def limit(site: Site) -> Iterator[Any]:
    """Sets limits of bob's own; afterwards he has none."""

    def to(**limits: Any) -> None:
        assert change(site, "PATCH", "/policies/person/bob", {"limits": limits}).status == 200

    yield to
    site.bench.records.set_policy(Policy(Kind.PERSON, "bob"))
    site.platform.policies.forget()


@pytest.fixture
def seen(site: Site) -> Iterator[None]:
    """Sessions of an hour, of bob in a group that would be a formula."""
    at = site.bench.records.now() - 3600
    groups = ("=cmd()",)
    site.bench.records.sessions_seen(
        [SessionSeen("bob", "", "python-data", "2026.11.1", "small", 2.0, 2**31, at, groups)]
    )
    yield
    site.bench.records.sessions_seen([])


@pytest.mark.usefixtures("seen")
def test_one_s_own(site: Site, limit: Any) -> None:
    limit(run_hours=50, home_bytes=100)
    site.bench.records.set_homes({"bob": 95})
    mine = site.get("/usage", BOB).json
    assert mine["sessions"] == {"count": 1, "cpus": 2.0, "memory_bytes": 2**31}
    assert (mine["limits"], mine["home"]["bytes"]) == ({"home_bytes": 100.0, "run_hours": 50.0}, 95)
    assert mine["environments"][0]["session_hours"] == pytest.approx(1, abs=0.1)
    assert mine["month"] == str(Month.of(site.bench.records.now()))
    assert len(mine["months"]) == 6
    text = site.ask("GET", f"{BASE}/usage", BOB, cookie=True).text
    assert "Your home is nearly full" in text
    assert "of 50" in text
    assert site.get("/usage?month=2026-13", BOB).status == 400
    assert "is no month" in site.ask("GET", f"{BASE}/usage?month=soon", BOB, cookie=True).text


@pytest.mark.usefixtures("seen")
def test_everybody_s_as_csv_is_no_formula(site: Site) -> None:
    answer = site.get("/usage/people.csv?by=group", ROOT)
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert "'=cmd()" in [row["group"] for row in rows]
    by_person = {
        row["person"]: row for row in csv.DictReader(io.StringIO(site.get("/usage/people.csv", ROOT).text))
    }
    assert float(by_person["bob"]["cores_now"]) == 2
    page = site.ask("GET", f"{BASE}/usage/people?sort=name&up=true", ROOT, cookie=True).text
    assert page.index('data-row="ada"') < page.index('data-row="bob"') < page.index('data-row="root"')
    assert "=cmd()" in site.ask("GET", f"{BASE}/usage/people?by=group", ROOT, cookie=True).text
    assert list(csv.DictReader(io.StringIO(site.get("/usage.csv", BOB).text)))


def test_what_limits_refuse_at_submit(site: Site, limit: Any) -> None:
    for limits, status, words in (
        ({"runs": 0}, 403, "bob may have no runs"),
        ({"cpus": 0.5}, 403, "bob may have 0.5 at a time"),
        ({"memory_bytes": 2**20}, 403, "of memory; bob may have 1 MB at a time"),
        ({"run_hours": 0}, 429, "of 0 hours of runs in"),
        ({"home_bytes": 10}, 413, "the home of bob holds 95 bytes; its limit is 10 bytes"),
    ):
        site.bench.records.set_homes({"bob": 95})
        limit(**{one.value: None for one in Limit} | limits)
        answer = site.submit(BOB)
        assert (answer.status, words in answer.json["error"]["message"]) == (status, True), answer.text
        assert answer.json["error"]["hint"]
        asked_by_root = site.submit(ROOT, **{"as": "bob"})
        assert asked_by_root.status == status, "who submits for somebody goes by their limits"
    limit(**{one.value: None for one in Limit})
    assert site.submit(BOB).status == 201


def test_running_again_is_limited_likewise(site: Site, limit: Any) -> None:
    run = site.finished(BOB)
    limit(run_hours=0)
    assert site.post(f"/runs/{run.id}/retry", BOB).status == 429


def test_sizes_and_offers_are_what_somebody_may_have(site: Site, limit: Any) -> None:
    limit(sessions=2, cpus=4)
    assert change(site, "PATCH", "/policies/person/bob", {"sizes": ["small"]}).status == 200
    assert [size["name"] for size in site.get("/sizes", BOB).json["sizes"]] == ["small"]
    assert {size["name"] for size in site.get("/sizes", ADA).json["sizes"]} == {"small", "medium"}
    refused = site.submit(BOB, size="medium")
    assert (refused.status, "'medium' is not for bob" in refused.text) == (403, True)
    assert site.submit(BOB).json["size"] == "small", "the platform's default is not theirs"
    offers = json.loads(site.get("/offers?user=bob", SERVICE_TOKEN).body)
    assert offers["limits"] == {"sessions": 2.0, "cpus": 4.0}
    assert [(size["name"], size["default"]) for size in offers["sizes"]] == [("small", True)]
    assert set(offers["in_use"]) == {"run_cpus", "run_memory_bytes", "home_bytes"}
