"""The admins' pages of people, sessions and announcements: what they show, and what their buttons ask of the hub."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from nightdesk.server.domain.announcement import Announcement
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.ports.roster import LiveSession, Member

from ..workbench import ADA, BOB, ROOT
from .site import BASE, Answer, Site


def xsrf(site: Site) -> str:
    page = site.ask("GET", f"{BASE}/admin/announcements", ROOT, cookie=True).text
    return page.split('name="_xsrf" value="')[1].split('"')[0]


def press(site: Site, path: str, **fields: str) -> Answer:
    return site.ask("POST", f"{BASE}/admin/{path}", ROOT, cookie=True, form={"_xsrf": xsrf(site), **fields})


def shown(site: Site, path: str) -> str:
    answer = site.ask("GET", f"{BASE}/admin/{path}", ROOT, cookie=True)
    assert answer.status == 200
    return answer.text


@pytest.fixture
def people(site: Site) -> Any:
    now = time.time()
    members = (
        Member("root", admin=True, account="approved", last_seen=now),
        Member("ada", account="approved", groups=("team",), last_seen=now, sessions=("", "second")),
        Member("gus", account="waiting", takes_home=True),
        Member("robot", account=""),
    )
    site.roster.members = {member.name: member for member in members}
    site.roster.done.clear()
    yield site.roster
    site.roster.away = False


# people


@pytest.mark.usefixtures("people")
def test_everybody_is_there_who_waits_first(site: Site) -> None:
    run = site.bench.submit(person=ADA)
    page = shown(site, "people")
    assert (
        page.index('data-person="gus"') < page.index('data-person="ada"') < page.index('data-person="root"')
    )
    assert "1 waiting for approval" in page
    assert page.count("approving hands it over") == 1
    assert "2 sessions" in page
    assert f"{BASE}/?owner=ada" in page
    site.bench.records.request_cancel(run.id, "ada")


@pytest.mark.parametrize(
    ("words", "names"),
    [("waiting", {"gus"}), ("team", {"ada"}), ("admin", {"root"}), ("rob", {"robot"}), ("zzz", set())],
)
def test_search(site: Site, people: Any, words: str, names: set[str]) -> None:
    page = shown(site, f"people?q={words}")
    assert {name for name in people.members if f'data-person="{name}"' in page} == names


@pytest.mark.parametrize("change", ["approve", "remove", "admin", "password"])
def test_buttons_act_with_the_admins_own_token(site: Site, people: Any, change: str) -> None:
    whom = "gus" if change in {"approve", "remove"} else "ada"
    answer = press(site, f"people/{whom}/{change}")
    assert answer.status == (200 if change == "password" else 303)
    assert people.done == [(change, "token-root", whom)]


@pytest.mark.usefixtures("people")
def test_a_new_password_is_shown_once_and_kept_nowhere(site: Site) -> None:
    page = press(site, "people/ada/password").text
    password = page.split("<code>")[1].split("</code>")[0]
    assert len(password) == 23
    assert password not in shown(site, "people")
    assert password not in site.get("/audit?limit=500", ROOT).text


def test_the_last_admin_stays_one(site: Site, people: Any) -> None:
    answer = press(site, "people/root/unadmin")
    assert answer.status == 409
    assert "root is the last admin" in answer.text.lower()
    people.members["eve"] = Member("eve", admin=True, account="waiting")  # cannot sign in
    assert press(site, "people/root/unadmin").status == 409
    people.members["eve"] = Member("eve", admin=True, account="approved")
    assert press(site, "people/root/unadmin").status == 303
    assert people.done == [("unadmin", "token-root", "root")]


def test_what_cannot_be_is_said_on_the_page(site: Site, people: Any) -> None:
    assert "cannot remove your own account" in press(site, "people/root/remove").text
    assert "waits for approval" in press(site, "people/gus/admin").text
    assert press(site, "people/nobody/admin").status == 404
    assert press(site, "people/ada/promote").status == 422
    assert people.done == []


def test_a_member_promotes_nobody(site: Site, people: Any) -> None:
    page = site.ask("GET", f"{BASE}/runs/{site.bench.submit(person=BOB).id}", BOB, cookie=True).text
    own = page.split('name="_xsrf" value="')[1].split('"')[0]
    for path in ("people/bob/admin", "people/gus/approve", "sessions/stop", "announcements"):
        form = {"_xsrf": own, "text": "x", "whose": "ada"}
        assert site.ask("POST", f"{BASE}/admin/{path}", BOB, cookie=True, form=form).status == 403
    assert people.done == []


def test_a_hub_that_is_away_is_said(site: Site, people: Any) -> None:
    people.away = True
    answer = site.ask("GET", f"{BASE}/admin/people", ROOT, cookie=True)
    assert answer.status == 503
    assert "the hub does not answer" in answer.text


# sessions


@pytest.fixture
def busy(people: Any) -> Any:
    now = time.time()

    def session(person: str, name: str, idle: float, **more: Any) -> LiveSession:
        common = {"environment": "python-data", "version": "2026.11.1", "size": "small", "ready": True}
        return LiveSession(
            person, name, **{**common, "started_at": now - 9000, "idle_since": now - idle, **more}
        )

    people.sessions = [
        session("ada", "", 30, cpus=0.52, cpu_limit=2.0, memory_bytes=2**30, memory_limit=4 * 2**30),
        session("ada", "second", 5000),
        session("bob", "", 8000, ready=False),
    ]
    return people


@pytest.mark.usefixtures("busy")
def test_who_is_where_and_what_it_takes(site: Site) -> None:
    page = shown(site, "sessions")
    assert "3 going on: CPU 0.5 cores" in page
    assert "0.52 of 2" in page
    assert "ada/second" in page
    (first, *_rest) = site.get("/sessions", ROOT).json["sessions"]
    assert (first["person"], first["cpus"], first["memory_limit_bytes"]) == ("ada", 0.52, 4 * 2**30)
    assert first["environment"] == {"name": "python-data", "version": "2026.11.1"}


def test_one_is_ended_and_all_that_are_idle(site: Site, busy: Any) -> None:
    assert press(site, "sessions/stop-idle", minutes="60").status == 303
    assert busy.done == [("stop", "token-root", "ada/second")], "not what starts, and not what is used"
    assert press(site, "sessions/stop", whose="ada").status == 303
    assert busy.done[-1] == ("stop", "token-root", "ada")
    assert press(site, "sessions/stop-idle", minutes="0").status == 422
    assert "Nobody has a session" in shown(site, "sessions") or "bob" in shown(site, "sessions")


# announcements


@pytest.fixture
def nothing_announced(site: Site) -> None:
    site.bench.records.clear_announcements("root")
    site.platform.board.forget()


@pytest.mark.usefixtures("nothing_announced")
def test_an_announcement_is_on_every_page_until_it_is_taken_down(site: Site) -> None:
    text = "Away on <b>Friday</b>"
    assert press(site, "announcements", text=text, level="warning", link="/hub/home").status == 303
    for person in (ADA, ROOT):
        page = site.ask("GET", f"{BASE}/", person, cookie=True).text
        assert "Away on &lt;b&gt;Friday&lt;/b&gt;" in page
        assert 'class="announcement warning"' in page
        assert '<a href="/hub/home">More</a>' in page
    (made,) = site.get("/announcements", ADA).json["announcements"]
    assert (made["by"], made["until"]) == ("root", None)
    assert press(site, f"announcements/{made['id']}/clear").status == 303
    assert "Friday" not in site.ask("GET", f"{BASE}/", ADA, cookie=True).text
    noted = site.platform.records.entries(AuditFilter(action="announcement"))
    assert [(each.action, each.by, each.words) for each in noted[:2]] == [
        ("announcement.cleared", "root", text),
        ("announcement.made", "root", text),
    ]


@pytest.mark.usefixtures("nothing_announced")
def test_one_for_later_is_not_shown_yet_but_the_hub_knows_it(site: Site) -> None:
    body = json.dumps({"text": "later", "since": "2099-01-01T00:00:00Z", "until": "2099-01-02"}).encode()
    made = site.post("/announcements", ROOT, body=body, headers={"Content-Type": "application/json"})
    assert made.status == 201
    assert site.get("/announcements", ADA).json == {"announcements": []}
    (known,) = site.get("/announcements/all", "the-service-s-own-token").json["announcements"]
    assert (known["since"], known["until"]) == ("2099-01-01T00:00:00.000Z", "2099-01-03T00:00:00.000Z")
    assert site.ask("DELETE", f"{BASE}/api/v1/announcements", ROOT).json == {"cleared": 1}


@pytest.mark.usefixtures("nothing_announced")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"text": " "}, "1 to 500 characters"),
        ({"text": "x" * 501}, "1 to 500 characters"),
        ({"text": "x", "level": "loud"}, "no level"),
        ({"text": "x", "link": "javascript:alert(1)"}, "no address"),
        ({"text": "x", "link": "//evil.example"}, "no address"),
        ({"text": "x", "until": "2001-01-01"}, "over before it is shown"),
        ({"text": "x", "since": "soon"}, "neither a day nor a time"),
    ],
)
def test_what_is_no_announcement(site: Site, wrong: dict[str, str], words: str) -> None:
    answer = press(site, "announcements", **wrong)
    assert answer.status == 400
    assert words in answer.text
    assert site.platform.records.announcements() == []


@pytest.mark.usefixtures("nothing_announced")
def test_no_more_than_five_at_once(site: Site) -> None:
    for number in range(5):
        site.platform.records.announce(Announcement(0, 0.0, "root", str(number)))
    assert press(site, "announcements", text="one more").status == 409
