"""Groups, limits and usage on the real platform: what a group shows, how soon leaving holds, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ..support.notebooks import notebook
from ..support.people import Person, admin_of, join
from ..support.platform import Platform, docker
from ..support.runs import Refused
from ..support.waiting import until
from .test_offers import press_start

pytestmark = pytest.mark.platform
SOURCE = notebook("print('hello')")
GROUP = "gauges"


def nightdesk(admin: Person, *arguments: str, code: int = 0) -> Any:
    """A command of the admin's; what it printed as JSON."""
    done = admin.command(*arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


@pytest.fixture(scope="module")
def admin(platform: Platform) -> Person:
    return admin_of(platform)


@pytest.fixture(scope="module")
def amy(platform: Platform) -> Person:
    return join(platform, "amy")


@pytest.fixture(scope="module")
def bo(platform: Platform) -> Person:
    return join(platform, "bo")


@pytest.fixture(scope="module")
def cyd(platform: Platform) -> Person:
    return join(platform, "cyd")


@pytest.fixture
def gauges(admin: Person, amy: Person, bo: Person) -> Iterator[str]:
    """A group of amy and bo, made with the command line."""
    admin.command("group", "rm", GROUP, "--yes")
    nightdesk(admin, "group", "add", GROUP)
    nightdesk(admin, "group", "join", GROUP, amy.name, bo.name)
    yield GROUP
    nightdesk(admin, "group", "rm", GROUP, "--yes")


@pytest.fixture
def limit(admin: Person, amy: Person) -> Iterator[Any]:
    """Sets limits of amy's own; afterwards she has none."""
    options = ("--sizes", "--sessions", "--runs", "--cpus", "--memory", "--home", "--run-hours")

    def to(*said: str) -> None:
        nightdesk(admin, "user", "limit", amy.name, *said)

    yield to
    to(*(part for option in options for part in (option, "inherit")))


def status(person: Person, run: str) -> int:
    return person.runs.call("GET", f"/runs/{run}").status_code


def test_a_group_shows_its_runs_and_leaving_it_holds_at_once(
    admin: Person, amy: Person, bo: Person, cyd: Person, gauges: str
) -> None:
    of_amy, of_cyd = amy.runs.submit(SOURCE)["id"], cyd.runs.submit(SOURCE)["id"]
    assert (status(bo, of_amy), status(bo, of_cyd)) == (404, 404), "the group shows nothing yet"
    nightdesk(admin, "group", "set", gauges, "--read", "group")
    assert (status(bo, of_amy), status(bo, of_cyd)) == (200, 404)
    listed = bo.runs.ask("GET", "/runs?owner=all&limit=500")["runs"]
    assert of_amy in [run["id"] for run in listed]
    assert {run["owner"] for run in listed} <= {amy.name, bo.name}
    assert bo.runs.call("POST", f"/runs/{of_amy}/cancel").status_code == 403, "reading is not cancelling"
    for _ in range(5):  # each of the api's processes
        assert status(bo, of_amy) == 200
    nightdesk(admin, "group", "leave", gauges, bo.name)
    assert {status(bo, of_amy) for _ in range(10)} == {404}
    assert bo.runs.call("GET", f"/runs/{of_amy}/log").status_code == 404


def test_leaving_by_the_hub_s_own_api_holds_at_once_too(
    admin: Person, amy: Person, bo: Person, gauges: str
) -> None:
    nightdesk(admin, "group", "set", gauges, "--read", "group")
    run = amy.runs.submit(SOURCE)["id"]
    assert {status(bo, run) for _ in range(10)} == {200}
    assert admin.hub("DELETE", f"/groups/{gauges}/users", {"users": [bo.name]}).status_code == 200
    assert {status(bo, run) for _ in range(10)} == {404}


def test_who_may_cancel(admin: Person, amy: Person, bo: Person, gauges: str) -> None:
    nightdesk(admin, "group", "set", gauges, "--read", "group", "--cancel", "group")
    with amy.runs.hold() as held:
        assert bo.runs.ask("POST", f"/runs/{held.id}/cancel")["id"] == held.id
        assert bo.runs.end(held.id)["status"] == "cancelled"
    assert f"by {bo.name}" in amy.runs.show(held.id)["reason"]


def test_an_admin_no_more_is_none_at_once(admin: Person, cyd: Person) -> None:
    def admins_alone() -> set[int]:
        return {cyd.runs.call("GET", "/groups").status_code for _ in range(6)}

    assert admins_alone() == {403}
    assert admin.hub("PATCH", f"/users/{cyd.name}", {"admin": True}).status_code == 200
    try:
        assert admins_alone() == {200}
    finally:
        assert admin.hub("PATCH", f"/users/{cyd.name}", {"admin": False}).status_code == 200
    assert admins_alone() == {403}


def test_sizes_are_a_group_s_to_choose_from(admin: Person, amy: Person, gauges: str) -> None:
    nightdesk(admin, "group", "set", gauges, "--sizes", "tiny")
    assert [size["name"] for size in amy.runs.ask("GET", "/sizes")["sizes"]] == ["tiny"]
    with pytest.raises(Refused, match="is not for amy") as refused:
        amy.runs.submit(SOURCE, size="small")
    assert refused.value.status == 403
    assert amy.runs.submit(SOURCE, size=None)["size"] == "tiny", "the default is one of theirs"
    answer = amy.hub("POST", f"/users/{amy.name}/server", {"environment": "python-data", "size": "small"})
    assert (answer.status_code, "no size 'small'" in answer.text) == (400, True)


def test_limits_are_refused_with_the_numbers(amy: Person, limit: Any) -> None:
    limit("--memory", "200M")
    with pytest.raises(Refused, match="size 'tiny' has 256 MB of memory; amy may have 200 MB at a time"):
        amy.runs.submit(SOURCE)
    answer = amy.hub("POST", f"/users/{amy.name}/server", {"environment": "python-data", "size": "tiny"})
    assert answer.status_code == 429
    assert "Tiny has 256 MiB of memory" in answer.json()["message"]
    assert "your limit is 200 MiB" in press_start(amy, version="python-data@stable", size="tiny")
    limit("--memory", "inherit", "--run-hours", "0")
    with pytest.raises(Refused, match=r"has used \d+\.\d of 0 hours of runs in") as refused:
        amy.runs.submit(SOURCE)
    assert refused.value.status == 429
    assert re.search(r"from \d{4}-\d\d-01 on", refused.value.hint)


def test_sessions_and_runs_count_together(amy: Person, limit: Any) -> None:
    session = amy.session(environment="python-data", size="tiny")
    try:
        until(lambda: amy.runs.ask("GET", "/usage")["sessions"]["count"] == 1, "the session on record", 30)
        limit("--cpus", "1", "--sessions", "1")
        second = amy.hub("POST", f"/users/{amy.name}/servers/second", {"environment": "python-data"})
        assert second.status_code == 429
        assert "You have 1 session, and your limit is 1" in second.json()["message"]
        run = amy.runs.submit(SOURCE)["id"]
        waits = until(lambda: amy.runs.show(run)["waiting"], "words for the wait")
        assert "your limit of 1 core is reached: 1 in use, it takes 1" in waits
        assert session.container
    finally:
        amy.end_session()
    assert amy.runs.end(run, 90)["status"] == "succeeded", "it starts once the session has ended"


def test_a_full_home_is_said_and_leaves_a_way_to_clean_up(
    platform: Platform, amy: Person, limit: Any
) -> None:
    session = amy.session(environment="python-data", size="tiny")
    session.do("sh", "-c", 'head -c 30000000 /dev/zero >"$HOME/ballast"')
    end_when_seen(amy)

    def home() -> int:
        measured = amy.runs.ask("GET", "/usage")["home"]
        return int(measured["bytes"]) if measured else 0

    until(lambda: home() >= 30_000_000, "the home measured", 60)
    limit("--home", "20M")
    with pytest.raises(Refused, match=r"the home of amy holds .* its limit is 20 MB") as refused:
        amy.runs.submit(SOURCE)
    assert refused.value.status == 413
    larger = amy.hub("POST", f"/users/{amy.name}/server", {"environment": "python-data", "size": "small"})
    assert (larger.status_code, "Start a session of size Tiny" in larger.text) == (429, True)
    page = usage_page(amy)
    assert "Your home holds more than it may" in page
    session = amy.session(environment="python-data", size="tiny")
    session.do("sh", "-c", 'rm "$HOME/ballast"')
    end_when_seen(amy)
    until(lambda: home() < 20_000_000, "the home measured again", 60)
    assert amy.runs.submit(SOURCE)["status"] == "queued"
    until(lambda: not platform.containers("scales", everything=True), "nothing of the measuring stays")
    assert docker("volume", "ls", "--quiet", "--filter", f"name={platform.project}-home-amy").split()


def end_when_seen(person: Person) -> None:
    """End the session once the platform knows of it: it looks each ten seconds, and measures homes of what it saw."""
    seen = lambda: person.runs.ask("GET", "/usage")["sessions"]["count"] == 1  # noqa: E731
    until(seen, "the session in the usage", 30)
    person.end_session()


def usage_page(person: Person) -> str:
    """Their usage page, signed in with a browser's cookies."""
    with requests.Session() as web:
        web.trust_env = False
        address = person.platform.address
        page = web.get(f"{address}/hub/login", timeout=30).text
        xsrf = re.search(r'name="_xsrf" value="([^"]*)"', page)
        assert xsrf
        who = {"username": person.name, "password": person.password, "_xsrf": xsrf[1]}
        web.post(f"{address}/hub/login", who, timeout=30)
        return web.get(f"{person.platform.url}/usage", timeout=30).text


def test_usage_as_people_and_admins_see_it(admin: Person, bo: Person) -> None:
    run = bo.runs.submit(SOURCE)["id"]
    bo.runs.end(run)
    mine = json.loads(bo.command("usage", "--json").stdout)
    (environment,) = mine["environments"]
    assert (environment["name"], environment["runs"] >= 1, environment["cpu_hours"] > 0) == (
        "python-data",
        True,
        True,
    )
    done = admin.command("usage", "--by", "person", "--csv")
    assert done.returncode == 0, done.stderr
    rows = {row["person"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert int(rows[bo.name]["runs"]) >= 1
    assert bo.command("usage", "--by", "person").returncode == 1, "everybody's is for admins"


def test_an_admin_makes_a_group_on_the_page(platform: Platform, admin: Person, cyd: Person) -> None:
    """With the token behind the page, which the hub gives an admin's rights over groups and a member's none."""
    with requests.Session() as web:
        web.trust_env = False
        page = web.get(f"{platform.address}/hub/login", timeout=30).text
        xsrf = re.search(r'name="_xsrf" value="([^"]*)"', page)
        assert xsrf
        who = {"username": "admin", "password": admin.password, "_xsrf": xsrf[1]}
        web.post(f"{platform.address}/hub/login", who, timeout=30)
        groups = web.get(f"{platform.url}/groups", timeout=30).text
        assert "A new group" in groups
        own = re.search(r'name="_xsrf" value="([^"]*)"', groups)
        assert own
        made = web.post(f"{platform.url}/groups", {"_xsrf": own[1], "name": "by-page"}, timeout=30)
        assert (made.status_code, "Nobody is in it" in made.text) == (200, True), made.text
        fields = {"_xsrf": own[1], "people": cyd.name}
        joined = web.post(f"{platform.url}/groups/by-page/join", fields, timeout=30)
        assert f'data-member="{cyd.name}"' in joined.text
    assert cyd.runs.ask("GET", "/user")["groups"] == ["by-page"]
    nightdesk(admin, "group", "rm", "by-page", "--yes")
    assert cyd.runs.ask("GET", "/user")["groups"] == []
