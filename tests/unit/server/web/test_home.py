"""Where people arrive: a member's own things and what is new, an admin's overview of the platform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.navigation import ADMINS, MINE, PLACES, place_of
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.people import Session
from nightdesk.server.ports.roster import Member
from nightdesk.server.services.doctor import Filter
from nightdesk.server.services.room import Disk

from ..workbench import ROOT
from .site import BASE, TOKENS, Answer, Site, session_cookie
from .test_pages import change, words

HOME = f"{BASE}/home"


@pytest.fixture
def nia(site: Site) -> Iterator[str]:
    """The token of somebody who has nothing yet."""
    site.people.tokens["token-nia"] = Person("nia")
    yield "token-nia"
    del site.people.tokens["token-nia"]
    site.people.going_on, site.people.away = [], False


def home(site: Site, person: Person | str, visited: str = "") -> Answer:
    token = TOKENS[person.name] if isinstance(person, Person) else person
    cookies = f"nightdesk-session={session_cookie(token)}" + (
        f"; nightdesk-visit={visited}" if visited else ""
    )
    return site.ask("GET", HOME, headers={"Cookie": cookies, "Accept": "text/html"})


def part(answer: Answer, name: str) -> str:
    """What a reader sees of one section."""
    found = re.search(rf'<section[^>]*aria-labelledby="{name}-title".*?</section>', answer.text, re.DOTALL)
    assert found, name
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


def test_who_has_nothing_is_told_how_to_begin(site: Site, nia: str) -> None:
    answer = home(site, nia)
    assert "Start a session" in part(answer, "session")
    assert "Run in background" in part(answer, "runs")
    assert "each morning" in part(answer, "schedules")
    assert 'href="/hub/spawn"' in answer.text
    assert "How the platform is doing" not in answer.text


def test_a_session_can_be_opened_and_says_what_became_of_its_version(site: Site, nia: str) -> None:
    site.people.going_on = [
        Session("nia", "", "python-data", "2025.1.1", 1_795_500_000.0, "small"),
        Session("nia", "two", "python-data", "2026.11.1", None, "small"),
        Session("bob", "", "python-data", "2026.11.1", None, "small"),
    ]
    answer = home(site, nia)
    shown = part(answer, "session")
    assert "python-data:2025.1.1 small, since" in shown
    assert "two: python-data:2026.11.1 small, starting" in shown
    assert "stable is 2026.11.1" in shown
    assert shown.count("Open") == 2, "bob's is none of hers"
    assert 'href="/user/nia/"' in answer.text
    assert 'href="/user/nia/two/"' in answer.text


def test_without_the_hub_the_rest_is_there(site: Site, nia: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_of: str | None = None) -> list[Session]:
        raise Unavailable("the hub is away")

    monkeypatch.setattr(site.people, "sessions", away)
    answer = home(site, nia)
    assert answer.status == 200
    assert "The hub does not answer" in part(answer, "session")
    assert "Nothing is running." in part(answer, "runs")


def test_what_is_new_counts_from_the_visit_before(site: Site, nia: str) -> None:
    person = Person("nia")
    good, bad = site.finished(person, name="good one"), site.finished(person, name="bad one")
    old = site.finished(person, name="old one")
    change(site, bad, status=Status.FAILED, reason="Cell 3 raised KeyError: 'amount'")
    now = site.bench.records.now()
    change(site, old, finished_at=now - 5000)
    first = home(site, nia)
    assert "old one" in part(first, "new"), "on the first visit it is the last day's"
    shown = part(home(site, nia, f"{now - 9000:.0f}.{now - 3600:.0f}.nia"), "new")
    assert "2 runs ended, 1 without success" in shown
    assert shown.index("bad one") < shown.index("good one"), "what went wrong stands first"
    assert "Cell 3 raised KeyError" in shown
    assert "old one" not in shown
    assert good.name in shown
    another = part(home(site, nia, f"{now - 9000:.0f}.{now - 3600:.0f}.somebody"), "new")
    assert "old one" in another, "another person's visit in this browser is not hers"


def test_the_visit_is_remembered_for_this_page_alone(site: Site, nia: str) -> None:
    (cookie,) = [each for each in home(site, nia).cookies if each.startswith("nightdesk-visit=")]
    assert "HttpOnly" in cookie
    assert "Path=/services/nightdesk/home" in cookie
    value = cookie.partition("=")[2].partition(";")[0].strip('"')
    assert re.fullmatch(r"\d+\.\d+\.nia", value)
    assert home(site, nia, value).status == 200


@pytest.mark.parametrize(
    "cookie", ["", "x", "1", "1.2", "9" * 400, "-1.5.nia", "1.2.3.nia", "nan.nan.nia", "1e9.2.nia", "%00"]
)
def test_a_cookie_that_was_made_up_is_a_first_visit(site: Site, nia: str, cookie: str) -> None:
    answer = home(site, nia, cookie)
    assert answer.status == 200
    assert "New since" in part(answer, "new")


def test_new_versions_are_told_to_those_who_may_use_them(site: Site, nia: str) -> None:
    site.bench.records.move_channel("python-data", "next", "2026.11.1", "root")
    assert "python-data:2026.11.1 is next now" in part(home(site, nia), "new")
    site.bench.records.set_groups("python-data", ("analysts",), "root")
    assert "Environments" not in part(home(site, nia), "new")
    site.bench.records.set_groups("python-data", (), "root")


def test_what_goes_on_stands_under_my_runs(site: Site, nia: str) -> None:
    run = site.submit(nia, name="Waiting one").json
    shown = part(home(site, nia), "runs")
    assert "queued Waiting one" in shown
    assert run["waiting"] in shown
    site.post(f"/runs/{run['id']}/cancel", nia)


def overview(site: Site) -> Answer:
    return site.ask("GET", f"{BASE}/admin", ROOT, cookie=True)


def test_an_admin_sees_what_needs_them_first(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.roster.members["wanda"] = Member("wanda", account="waiting")
    answer = overview(site)
    shown = words(answer)
    assert "no worker gave a sign of life" in shown
    assert "1 person waiting for approval : wanda" in shown
    assert "stable is 2026.11.1" in shown
    assert answer.text.index('id="wrong"') < answer.text.index('id="approvals"')
    monkeypatch.setattr(site.roster, "away", True)
    assert overview(site).status == 200, "without the hub as well"
    del site.roster.members["wanda"]


def test_an_admin_sees_where_runs_are_and_who_waits(site: Site, nia: str) -> None:
    site.bench.records.beat("worker-7", 4, 8 * 2**30)
    run = site.submit(nia, name="In the queue").json["id"]
    going = site.submit(nia, name="Under way").json["id"]
    change(site, going, status=Status.RUNNING, worker="worker-7", started_at=site.bench.records.now() - 60)
    lost = site.submit(nia, name="Left behind").json["id"]
    change(site, lost, status=Status.RUNNING, worker=None, started_at=site.bench.records.now() - 60)
    answer = overview(site)
    where = part(answer, "where")
    assert re.search(
        r"Worker worker-7 1 of 4 places taken, .* of 8.* of memory Runs of .* Under way nia", where
    )
    assert "Waiting for a worker to take them over" in where
    assert "In the queue of nia" in part(answer, "queue")
    for each in (going, lost):
        change(site, each, status=Status.FAILED, reason="out of memory", finished_at=site.bench.records.now())
    failures = part(overview(site), "failures")
    assert "Under way" in failures
    assert "out of memory" in failures
    site.post(f"/runs/{run}/cancel", nia)


def test_a_disk_that_is_nearly_full_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    full = [Disk(("outputs", "database"), 100 * 2**30, 3 * 2**30), Disk(("runs under way",), 2**30, 2**29)]
    monkeypatch.setattr(type(site.platform), "disks", lambda _self: full)
    monkeypatch.setattr(type(site.platform), "egress", lambda _self: Filter(True, "in place"))
    shown = part(overview(site), "disk")
    assert "Outputs, database 3 GB free of 100 GB: nearly full" in shown
    assert shown.count("nearly full") == 1


# the way around


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/services/nightdesk/", "Runs"), ("/services/nightdesk/runs/abc", "Runs"),
        ("/services/nightdesk/schedules/new", "Schedules"), ("/services/nightdesk/admin/people", "Admin"),
        ("/services/nightdesk/groups/team/x", "Admin"), ("/hub/spawn/ada/side", "Session"), ("/hub/home", "Session"),
        ("/nowhere", None), ("", None),
    ],
)  # fmt: skip
def test_where_a_page_belongs(path: str, title: str | None) -> None:
    titles: dict[Any, str] = dict((*PLACES, *MINE, ADMINS))
    assert titles.get(place_of(path)) == title


def test_the_way_around_marks_where_one_is(site: Site, nia: str) -> None:
    text = home(site, nia).text
    assert re.findall(r'<a href="([^"]*)" aria-current="page">', text) == [HOME]
    assert f'href="{ADMINS[0]}"' not in text
    assert f'<a href="{ADMINS[0]}" aria-current="page">' in overview(site).text
