"""Groups over HTTP: kept by admins, and what they let people see."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind, Policy
from nightdesk.server.domain.run import Run, Status

from ..workbench import ADA, BOB, ROOT
from .site import API, BASE, Answer, Site


def change(site: Site, method: str, path: str, body: Any, person: Person = ROOT) -> Answer:
    """A change as JSON."""
    headers = {"Content-Type": "application/json"}
    return site.ask(method, f"{API}{path}", person, body=json.dumps(body).encode(), headers=headers)


@pytest.fixture
def lab(site: Site) -> Iterator[str]:
    """A group with ada and bob, made the way admins make one."""
    name = f"lab-{uuid.uuid4().hex[:6]}"
    assert change(site, "POST", "/groups", {"name": name}).status == 201
    assert change(site, "POST", f"/groups/{name}/members", {"people": ["ada", "bob"]}).status == 200
    yield name
    for one in ("ada", "bob"):
        site.groups.leave("token-root", name, [one])
    site.bench.records.set_policy(Policy(Kind.GROUP, name))
    site.platform.policies.forget()


def decide(site: Site, name: str, **said: Any) -> None:
    assert change(site, "PATCH", f"/policies/group/{name}", said).status == 200


def of_ada(site: Site, *groups: str) -> Run:
    return site.bench.submit(person=replace(ADA, groups=groups))


def test_a_group_from_its_making_to_its_end(site: Site, lab: str) -> None:
    found = site.get(f"/groups/{lab}", ROOT).json
    assert (found["members"], found["provider"], found["policy"]["read"]) == (["ada", "bob"], None, "own")
    assert lab in [group["name"] for group in site.get("/groups", ROOT).json["groups"]]
    assert site.get("/user", BOB).json["groups"] == [lab]
    left = change(site, "DELETE", f"/groups/{lab}/members", {"people": ["bob"]})
    assert left.json["members"] == ["ada"]
    assert site.get("/user", BOB).json["groups"] == []
    decide(site, lab, read="group", limits={"runs": 4, "home_bytes": "unlimited"})
    said = site.get(f"/policies/group/{lab}", ROOT).json
    assert (said["read"], said["limits"]) == ("group", {"runs": 4, "home_bytes": "unlimited"})
    decide(site, lab, limits={"runs": None})
    assert site.get(f"/policies/group/{lab}", ROOT).json["limits"] == {"home_bytes": "unlimited"}
    assert change(site, "DELETE", f"/groups/{lab}", {}).status == 200
    assert site.get(f"/groups/{lab}", ROOT).status == 404
    assert site.get(f"/policies/group/{lab}", ROOT).json["read"] == "own", "what it decided is gone with it"
    site.groups.names.add(lab)


def test_members_see_each_other_s_runs_as_far_as_the_group_says(site: Site, lab: str) -> None:
    run, earlier = of_ada(site, lab), of_ada(site)

    def listed() -> set[str]:
        runs = site.get("/runs?owner=all&limit=500", BOB).json["runs"]
        return {one["id"] for one in runs} & {run.id, earlier.id}

    assert site.get(f"/runs/{run.id}", BOB).status == 404
    decide(site, lab, read="group")
    assert site.get(f"/runs/{run.id}", BOB).json["owner"] == "ada"
    for part in ("/log", "/history", "/usage", "/outputs"):
        assert site.get(f"/runs/{run.id}{part}", BOB).status == 200
    assert site.get(f"/runs/{earlier.id}", BOB).status == 404, "it was not made in the group"
    assert listed() == {run.id}
    assert {one["id"] for one in site.get("/runs?owner=ada&limit=500", BOB).json["runs"]} >= {run.id}
    page = site.ask("GET", f"{BASE}/?owner=all", BOB, cookie=True).text
    assert run.id in page
    assert earlier.id not in page
    shown = site.ask("GET", f"{BASE}/runs/{run.id}", BOB, cookie=True).text
    assert "A run of ada" in shown
    assert "Cancel run" not in shown


def test_cancelling_is_a_right_of_its_own(site: Site, lab: str) -> None:
    run = of_ada(site, lab)
    decide(site, lab, read="group")
    refused = site.post(f"/runs/{run.id}/cancel", BOB)
    assert (refused.status, refused.json["error"]["code"]) == (403, "not_allowed")
    assert "ada's" in refused.json["error"]["message"]
    assert site.bench.run(run).status is Status.QUEUED
    decide(site, lab, cancel="group")
    assert site.post(f"/runs/{run.id}/cancel", BOB).json["status"] == "cancelled"


def test_leaving_holds_for_the_next_request(site: Site, lab: str) -> None:
    run = of_ada(site, lab)
    decide(site, lab, read="group")
    assert site.get(f"/runs/{run.id}", BOB).status == 200
    change(site, "DELETE", f"/groups/{lab}/members", {"people": ["bob"]})
    assert site.get(f"/runs/{run.id}", BOB).status == 404
    assert "bob" in site.bench.bell.people, "the other processes are told"


def test_who_watches_and_leaves_the_group_sees_no_more(site: Site, lab: str) -> None:
    run = of_ada(site, lab)
    decide(site, lab, read="group")
    events = site.events(run, BOB)
    assert next(events)[1] == "run"
    left: list[Any] = []
    reader = threading.Thread(target=lambda: left.extend(events))
    reader.start()
    change(site, "DELETE", f"/groups/{lab}/members", {"people": ["bob"]})
    site.bench.set_runs(cell=7)
    reader.join(10)
    assert not reader.is_alive(), "the stream goes on"
    assert not [one for one in left if one[1] == "run"]


def test_a_group_that_is_kept_elsewhere_is_not_changed_here(site: Site) -> None:
    assert site.get("/groups/provided", ROOT).json["provider"] == "sign-in"
    for method, path in (("POST", "/members"), ("DELETE", "/members"), ("DELETE", "")):
        body = {"people": ["bob"]} if path else {}
        answer = change(site, method, f"/groups/provided{path}", body)
        assert answer.status in {404, 409}, answer.text
    assert (
        "come from where people sign in"
        in change(site, "POST", "/groups/provided/members", {"people": ["bob"]}).text
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/groups", {"name": "every body"}, 400, "no name for a group"),
        ("POST", "/groups", {"name": "everybody"}, 400, "no name for a group"),
        ("POST", "/groups", {"name": "analysts"}, 409, "already"),
        ("POST", "/groups/nothing/members", {"people": ["bob"]}, 404, "no group"),
        ("POST", "/groups/analysts/members", {"people": ["zoe"]}, 400, "nobody called"),
        ("DELETE", "/groups/analysts/members", {"people": ["bob"]}, 404, "not in group"),
        ("PATCH", "/policies/group/analysts", {"cancel": "all"}, 400, "must see them"),
        ("PATCH", "/policies/group/analysts", {"limits": {"luck": 1}}, 400, "no limit 'luck'"),
        ("PATCH", "/policies/group/analysts", {"limits": {"runs": "many"}}, 400, "must be a number"),
        ("PATCH", "/policies/group/analysts", {"limits": {"runs": 1.5}}, 400, "whole"),
        ("PATCH", "/policies/group/analysts", {"sizes": ["huge"]}, 400, "no size 'huge'"),
        ("PATCH", "/policies/nation/analysts", {}, 422, "kind"),
    ],
)
def test_what_is_refused_in_words(
    site: Site, method: str, path: str, body: Any, status: int, words: str
) -> None:
    answer = change(site, method, path, body)
    assert (answer.status, words in answer.json["error"]["message"]) == (status, True), answer.text


def test_the_pages_do_the_same(site: Site, lab: str) -> None:
    def press(what: str, **fields: str) -> Answer:
        page = site.ask("GET", f"{BASE}/groups/{lab}", ROOT, cookie=True).text
        value = page.split('name="_xsrf" value="')[1].split('"')[0]
        return site.ask(
            "POST", f"{BASE}/groups/{lab}/{what}", ROOT, cookie=True, form={"_xsrf": value, **fields}
        )

    assert press("leave", people="bob").status == 303
    assert site.get(f"/groups/{lab}", ROOT).json["members"] == ["ada"]
    assert press("join", people="bob, root").status == 303
    assert (
        press("policy", read="group", cancel="own", sizes="small", home_bytes="1.5G", runs="2").status == 303
    )
    said = site.get(f"/policies/group/{lab}", ROOT).json
    assert (said["read"], said["sizes"]) == ("group", ["small"])
    assert said["limits"] == {"home_bytes": 3 * 2**29, "runs": 2}
    wrong = press("policy", read="own", cancel="own", memory_bytes="lots")
    assert wrong.status == 400
    assert "Memory in use at a time: &#39;lots&#39; is no amount" in wrong.text
    assert 'value="lots"' in wrong.text, "what was typed is not lost"
    assert press("join", people="zoe").status == 400
    site.groups.leave("token-root", lab, ["root"])


def test_the_hub_says_that_somebody_was_changed(site: Site) -> None:
    before = site.people.changes
    answer = site.post("/people/changed?user=bob", "the-service-s-own-token")
    assert (answer.status, answer.json) == (200, {"user": "bob"})
    assert site.people.changes == before + 1
    assert site.bench.bell.people[-1] == "bob"
