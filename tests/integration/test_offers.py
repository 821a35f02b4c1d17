"""Who may start what, by every way there is; and that a followed channel leads session and run to one image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ..support.notebooks import notebook
from ..support.people import Person, Session, join
from ..support.platform import Platform
from ..support.runs import Refused
from ..support.spare_environment import Group, Spare, group, spare_environment
from ..support.waiting import until

pytestmark = pytest.mark.platform
SOURCE = notebook("print('hello')")
REMEMBERED_SECONDS = 10  # the api remembers for five who a token belongs to
NOTICE = "from nightdesk.lab import words_now; print(words_now())"


@pytest.fixture
def spare(platform: Platform) -> Iterator[Spare]:
    with spare_environment(platform) as made:
        yield made


@pytest.fixture
def modellers(platform: Platform) -> Iterator[Group]:
    with group(platform, "modellers") as made:
        yield made


@pytest.fixture(scope="module")
def eve(platform: Platform) -> Person:
    return join(platform, "eve")


def start(person: Person, options: dict[str, Any], server: str = "") -> requests.Response:
    """Ask the hub's API for a session."""
    path = f"/users/{person.name}/servers/{server}" if server else f"/users/{person.name}/server"
    return person.hub("POST", path, options)


def press_start(person: Person, server: str = "", **fields: str) -> str:
    """Send the start page's form, whatever is in it; the page that comes back, as text."""
    with requests.Session() as web:
        web.trust_env = False
        address = f"{person.platform.address}/hub"
        sign_in = web.get(f"{address}/login", timeout=30).text
        who = {"username": person.name, "password": person.password, "_xsrf": _xsrf(sign_in)}
        web.post(f"{address}/login", who, timeout=30)
        path = f"{address}/spawn/{person.name}/{server}" if server else f"{address}/spawn"
        page = web.get(path, timeout=30).text
        action = re.search(r'id="spawn_form"\s+action="([^"]*)"', page)
        assert action, page
        sent = web.post(person.platform.address + action[1].replace("&amp;", "&"), fields, timeout=60)
        return page + sent.text


def _xsrf(page: str) -> str:
    found = re.search(r'name="_xsrf" value="([^"]*)"', page)
    assert found, page
    return found[1]


def listed(person: Person) -> set[str]:
    return {each["name"] for each in person.runs.ask("GET", "/environments")["environments"]}


def image_of(session: Session) -> str:
    return str(session.owner.platform.inspect(session.container)["Image"])


def nothing_runs(person: Person) -> bool:
    mine = f"label=org.nightdesk.user={person.name}"
    return not person.platform.containers("session", mine, everything=True)


@pytest.mark.security(8)
def test_what_is_for_others_starts_nowhere(spare: Spare, modellers: Group, eve: Person) -> None:
    spare.only_for(modellers.name)
    assert spare.name not in listed(eve)
    for options in (
        {"environment": spare.name},
        {"environment": spare.name, "version": "1"},
        {"environment": spare.name, "channel": "stable"},
        {"environment": spare.name, "version": "1", "channel": "stable", "size": "tiny"},
        {"environment": "python-data", "version": spare.digests["1"]},
        {"environment": "python-data", "image": spare.digests["1"]},
    ):
        for server in ("", "side"):
            answer = start(eve, options, server)
            assert answer.status_code == 400, (options, answer.text)
            assert re.search("no environment|not on offer|not an option", answer.json()["message"])
            stored = {"display_name": "side", "user_options": options}
            assert start(eve, stored, server).status_code == 400
    for value in (f"{spare.name}:1", f"{spare.name}@stable"):
        for server in ("", "side"):
            page = press_start(eve, server, version=value, size="tiny")
            assert f"There is no environment &#39;{spare.name}&#39; for you" in page
            assert f'value="{value}"' not in page, "and is not on the page"
    for named in (spare.name, f"{spare.name}:1", f"{spare.name}@stable"):
        with pytest.raises(Refused, match=f"there is no environment '{spare.name}'") as refused:
            eve.runs.submit(SOURCE, environment=named)
        assert refused.value.status == 404
    assert eve.runs.call("GET", f"/environments/{spare.name}/1").status_code == 404
    assert nothing_runs(eve)


@pytest.mark.security(3)
def test_joining_and_leaving_a_group_takes_effect_at_once(
    spare: Spare, modellers: Group, eve: Person
) -> None:
    spare.only_for(modellers.name)
    modellers.take_in(eve.name)
    session = eve.session(environment=spare.name, size="tiny")
    assert image_of(session) == spare.digests["1"]
    until(lambda: spare.name in listed(eve), "the api sees the new group", REMEMBERED_SECONDS)
    run = eve.runs.submit(SOURCE, environment=f"{spare.name}@stable")
    assert eve.runs.end(run["id"])["environment"]["digest"] == spare.digests["1"]
    modellers.let_go(eve.name)
    eve.end_session()
    again = start(eve, {})  # the last choice
    assert again.status_code == 400
    assert f"There is no environment '{spare.name}' for you" in again.json()["message"]
    until(lambda: spare.name not in listed(eve), "the api sees that they left", REMEMBERED_SECONDS)
    with pytest.raises(Refused, match="there is no environment"):
        eve.runs.submit(SOURCE, environment=spare.name)
    assert nothing_runs(eve)


def test_deprecated_is_for_runs_that_name_it_and_removed_for_nobody(spare: Spare, eve: Person) -> None:
    spare.ask("POST", "/2/deprecate")
    answer = start(eve, {"environment": spare.name, "version": "2"})
    assert answer.status_code == 400
    assert "is not on offer (any more). On offer: 1." in answer.json()["message"]
    assert "is not on offer" in press_start(eve, version=f"{spare.name}:2", size="tiny")
    spare.ask("POST", "/2/remove")
    assert start(eve, {"environment": spare.name, "version": "2"}).status_code == 400
    with pytest.raises(Refused, match="removed"):
        eve.runs.submit(SOURCE, environment=f"{spare.name}:2")
    assert nothing_runs(eve)


def test_a_deprecated_version_runs_when_it_is_named(spare: Spare, eve: Person) -> None:
    spare.ask("POST", "/2/deprecate")
    run = eve.runs.submit(SOURCE, environment=f"{spare.name}:2")
    ended = eve.runs.end(run["id"])
    assert (ended["status"], ended["environment"]["digest"]) == ("succeeded", spare.digests["2"])


def test_a_followed_channel_leads_session_and_run_to_the_same_image(spare: Spare, eve: Person) -> None:
    """Before and after a promotion, and after it was taken back."""

    def starts_in(version: str, options: dict[str, str]) -> Session:
        session = eve.start_session(options)
        run = eve.runs.end(eve.runs.submit(SOURCE, environment=f"{spare.name}@stable")["id"])
        digests = {image_of(session), session.variable("NIGHTDESK_DIGEST"), run["environment"]["digest"]}
        assert digests == {spare.digests[version]}
        shown = eve.hub("GET", f"/users/{eve.name}").json()["servers"][""]["user_options"]
        assert (shown["version"], shown["channel"]) == (version, "stable")
        return session

    session = starts_in("1", {"environment": spare.name, "channel": "stable", "size": "tiny"})
    used = spare.ask("GET", "/1")["use"]["sessions"]
    assert [each["person"] for each in used] == [eve.name], "the platform knows who is in it"
    assert session.do("python", "-c", NOTICE).strip() == ""
    spare.promote("2")
    assert f"{spare.name}:1 runs here; stable is 2 now" in session.do("python", "-c", NOTICE)
    assert image_of(session) == spare.digests["1"], "what runs goes on"
    eve.end_session()
    session = starts_in("2", {})  # the last choice, which is the channel and not where it pointed
    spare.ask("POST", "/channels/stable/rollback")
    assert "stable is 1 now" in session.do("python", "-c", NOTICE)
    eve.end_session()
    starts_in("1", {})
    eve.end_session()


def test_who_stays_at_a_version_stays(spare: Spare, eve: Person) -> None:
    session = eve.session(environment=spare.name, version="1", size="tiny")
    spare.promote("2")
    assert "stable is 2 now. Choose it at the next start" in session.do("python", "-c", NOTICE)
    eve.end_session()
    assert image_of(eve.start_session({})) == spare.digests["1"]
    eve.end_session()
