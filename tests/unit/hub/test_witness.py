"""What a real hub notes of what people do at it, and that it reaches the api once."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from nightdesk_hub.journal import Happened, Journal

from .hub_process import PASSWORD, SETUP, Browser, Hub, until

# the journal


class Api:
    """Takes entries, loses answers, and is away."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.away = False
        self.loses_answers = False

    def __call__(self, entries: list[dict[str, Any]]) -> None:
        if self.away:
            raise ConnectionRefusedError("nobody listens")
        known = {each["key"] for each in self.got}
        self.got += [each for each in entries if each["key"] not in known]
        if self.loses_answers:
            raise TimeoutError("no answer in time")


def all_sent(journal: Journal) -> bool:
    return journal.waiting() == 0


def test_entries_arrive_in_order_and_once(tmp_path: Path) -> None:
    api = Api()
    journal = Journal(tmp_path / "journal.sqlite", api)
    api.loses_answers = True
    for number in range(450):
        journal.note(Happened("token.made", "ada", object=str(number)))
    db = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            journal.send_some(db)
    api.loses_answers = False
    while journal.send_some(db):
        pass
    db.close()
    assert [each["object"] for each in api.got] == [str(number) for number in range(450)]
    assert journal.waiting() == 0


def test_what_the_api_has_not_got_outlives_the_hub(tmp_path: Path) -> None:
    api = Api()
    api.away = True
    first = Journal(tmp_path / "journal.sqlite", api)
    first.note(Happened("sign-in.done", "ada", address="192.0.2.7", means="page"))
    first.note(Happened("session.ended", whom="ada", key="end-1"))
    first.note(Happened("session.ended", whom="ada", key="end-1"))
    api.away = False
    second = Journal(tmp_path / "journal.sqlite", api)
    second.start()
    until("all are sent", lambda: all_sent(second))
    assert [each["action"] for each in api.got] == ["sign-in.done", "session.ended"]
    second.note(Happened("sign-out.done", "ada"))
    until("the next is sent", lambda: len(api.got) == 3)


# a real hub


def noted(hub: Hub) -> list[dict[str, Any]]:
    """What the hub sent, oldest first; the double of the api writes it into a file."""
    file = hub.data / "sent.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def after(hub: Hub, count: int, wanted: int = 1) -> list[tuple[str, str, str]]:
    """Action, by and whom of what was noted after the first `count`."""
    until("it is noted", lambda: len(noted(hub)) >= count + wanted)
    return [(each["action"], each["by"], each["whom"]) for each in noted(hub)[count:]]


def joined(hub: Hub, name: str) -> int:
    """An account of this name; how much is noted then."""
    hub.account(name)
    until("it is noted", lambda: noted(hub) and noted(hub)[-1]["whom"] == name)
    return len(noted(hub))


def test_signing_in_wrong_and_right_and_out(hub: Hub) -> None:
    before = joined(hub, "ada")
    browser = Browser(hub.url)
    browser.send("/hub/login", username="ada", password="wrong")
    browser.send("/hub/login", username=PASSWORD, password="a name in the wrong field")
    browser.send("/hub/login", username="Ada", password=PASSWORD)
    browser.get("/hub/logout")
    assert after(hub, before, 4) == [
        ("sign-in.failed", "", "ada"),
        ("sign-in.failed", "", ""),
        ("sign-in.done", "ada", ""),
        ("sign-out.done", "ada", ""),
    ]
    assert PASSWORD not in (hub.data / "sent.jsonl").read_text("utf-8")
    assert {(each["address"], each["means"]) for each in noted(hub)[before:]} == {("127.0.0.1", "page")}


def test_guessing_locks_one_address_whatever_it_says_it_is(hub: Hub) -> None:
    before = joined(hub, "eva")
    codes = []
    for number in range(8):
        browser = Browser(hub.url)
        browser._session.headers.update(
            {
                "X-Real-Ip": f"192.0.2.{number}",
                "X-Forwarded-For": f"192.0.2.{number}, 198.51.100.7",
            }
        )
        codes.append(browser.send("/hub/login", username="eva", password="wrong").status_code)
    assert codes == [403] * 5 + [429] * 3
    found = [each for each in after(hub, before, 6) if each[0].startswith("sign-in")]
    assert found == [("sign-in.failed", "", "eva")] * 5 + [("sign-in.locked", "", "eva")]
    assert {
        each["address"] for each in noted(hub) if each["whom"] == "eva" and each["action"] != "account.made"
    } == {"198.51.100.7"}


def test_from_sign_up_to_removal(hub: Hub, admin: Browser) -> None:
    before = joined(hub, "ida")  # the admin's sign-in is noted before
    visitor = Browser(hub.url)
    visitor.send("/hub/signup", username="Grace", password=PASSWORD, again=PASSWORD)
    visitor.send("/hub/login", username="grace", password=PASSWORD)
    admin.send("/hub/accounts/grace/approve", on="/hub/accounts")
    grace = hub.sign_in("grace", PASSWORD)
    grace.send("/hub/password", current=PASSWORD, password=PASSWORD + "!", again=PASSWORD + "!")
    hub.api("PATCH", "/nightdesk/accounts/grace", json={"password": PASSWORD})
    hub.api("PATCH", "/users/grace", json={"admin": True})
    hub.api("PATCH", "/users/grace", json={"admin": False})
    hub.api("PATCH", "/nightdesk/accounts/grace", json={"approved": False})
    hub.api("DELETE", "/nightdesk/accounts/grace")
    assert after(hub, before, 10) == [
        ("account.asked for", "", "grace"),
        ("sign-in.refused", "", "grace"),
        ("account.approved", "admin", "grace"),
        ("sign-in.done", "grace", ""),
        ("password.changed", "grace", ""),
        ("password.reset", "setup", "grace"),
        ("admin.made", "setup", "grace"),
        ("admin.unmade", "setup", "grace"),
        ("account.suspended", "setup", "grace"),
        ("account.removed", "setup", "grace"),
    ]
    assert noted(hub)[-1]["means"] == "setup"


def test_tokens_groups_and_what_nobody_thought_of(hub: Hub) -> None:
    before = joined(hub, "ben")
    made = hub.api("POST", "/users/ben/tokens", json={"note": "laptop"}).json()
    hub.api("DELETE", f"/users/ben/tokens/{made['id']}")
    hub.api("POST", "/groups/team")
    hub.api("POST", "/groups/team/users", json={"users": ["ben"]})
    hub.api("DELETE", "/groups/team/users", json={"users": ["ben"]})
    hub.api("DELETE", "/groups/team")
    hub.api("POST", "/proxy")
    hub.api("GET", "/users")
    hub.api("POST", "/users/ben/activity", json={"last_activity": "2026-01-01T00:00:00Z"})
    assert after(hub, before, 7) == [
        ("token.made", "setup", "ben"),
        ("token.revoked", "setup", "ben"),
        ("group.made", "setup", ""),
        ("group.changed", "setup", "ben"),
        ("group.changed", "setup", "ben"),
        ("group.removed", "setup", ""),
        ("hub.changed", "setup", ""),
    ]
    assert made["token"] not in (hub.data / "sent.jsonl").read_text("utf-8")


def test_sessions_by_the_page_by_an_admin_and_by_themselves(hub: Hub) -> None:
    before = joined(hub, "kim") + 1
    kim = hub.sign_in("kim", PASSWORD)
    assert kim.start(version="python-data@stable", size="small").status_code == 302
    until("it runs", lambda: hub.api("GET", "/users/kim").json()["servers"].get("", {}).get("ready"))
    (session,) = hub.api("GET", "/nightdesk/sessions").json()
    assert (session["person"], session["version"], session["size"]) == ("kim", "2026.11.1", "small")
    assert (session["memory_bytes"], session["memory_limit"]) == (200 * 2**20, 2**30)
    assert 0.3 < session["cpus"] < 0.7
    hub.api("DELETE", "/users/kim/server")
    found = after(hub, before, 2)
    assert found == [("session.started", "kim", "kim"), ("session.stopped", "setup", "kim")]
    assert noted(hub)[before]["words"].startswith("python-data:")


def test_while_the_api_is_away_nothing_is_lost(hub: Hub) -> None:
    joined(hub, "jo")
    (hub.data / "audit-away").touch()
    before = len(noted(hub))
    hub.account("lost")
    hub.stop()
    hub.start()
    hub.api("DELETE", "/nightdesk/accounts/lost", headers=SETUP)
    assert len(noted(hub)) == before
    (hub.data / "audit-away").unlink()
    assert after(hub, before, 2) == [("account.made", "setup", "lost"), ("account.removed", "setup", "lost")]
    keys = [each["key"] for each in noted(hub)]
    assert len(keys) == len(set(keys))


def test_announcements_are_on_the_hubs_pages_in_their_time(hub: Hub) -> None:
    joined(hub, "lou")
    lou = hub.sign_in("lou", PASSWORD)
    common = {
        "level": "warning",
        "link": "javascript:alert(1)",
        "since": None,
        "until": None,
        "before_sign_in": False,
    }
    told = [
        {**common, "id": 1, "text": "for <b>members</b>"},
        {
            **common,
            "id": 2,
            "text": "for anybody",
            "before_sign_in": True,
            "link": "https://example.org/more",
        },
        {**common, "id": 3, "text": "for later", "since": "2099-01-01T00:00:00.000Z"},
        {**common, "id": 4, "text": "is over", "until": "2001-01-01T00:00:00.000Z"},
    ]
    (hub.data / "announcements.json").write_text(json.dumps(told))
    until("they are shown", lambda: "for anybody" in lou.get("/hub/home").text)
    for path in ("/hub/home", "/hub/spawn", "/hub/token"):
        page = lou.get(path).text
        assert "for &lt;b&gt;members&lt;/b&gt;" in page
        assert 'href="https://example.org/more"' in page
        assert "javascript:alert" not in page
        assert "for later" not in page
        assert "is over" not in page
    stranger = Browser(hub.url).get("/hub/login").text
    assert "for anybody" in stranger
    assert "members" not in stranger
    (hub.data / "announcements.json").write_text("no JSON: the api is in trouble")
    assert "for anybody" in lou.get("/hub/home").text
