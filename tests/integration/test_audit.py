"""The audit log on the real platform: what people do at the hub, at the api and over the command line is in it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from ..support.people import Person, call_hub, join, leave
from ..support.platform import Platform
from ..support.waiting import until

pytestmark = pytest.mark.platform
Entry = dict[str, Any]


@pytest.fixture(scope="module")
def bob(platform: Platform) -> Iterator[Person]:
    person = join(platform, f"bob{secrets.token_hex(3)}")
    yield person
    person.end_session()
    leave(platform, person.name)


def entries(admin: Person, **wanted: str) -> list[Entry]:
    """What the log says, oldest first."""
    answer = requests.get(
        f"{admin.platform.url}/api/v1/audit",
        params={"limit": "500", **wanted},
        headers={"Authorization": f"Bearer {admin.token}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["entries"]))


def noted(admin: Person, fits: Callable[[Entry], bool], **wanted: str) -> Entry:
    """An entry that fits, once it is there."""

    def look() -> Entry | None:
        return next((each for each in entries(admin, **wanted) if fits(each)), None)

    return until(look, "the entry in the audit log", 30)


def sign_in(platform: Platform, name: str, password: str) -> tuple[requests.Session, int]:
    """By the form, as a browser does it."""
    browser = requests.Session()
    page = browser.get(f"{platform.address}/hub/login", timeout=30).text
    token = re.search(r'name="_xsrf" value="([^"]*)"', page)
    assert token
    fields = {"username": name, "password": password, "_xsrf": token[1]}
    answer = browser.post(f"{platform.address}/hub/login", fields, timeout=30, allow_redirects=False)
    return browser, answer.status_code


def test_a_failed_sign_in_has_a_name_and_an_address(platform: Platform, admin: Person, bob: Person) -> None:
    assert sign_in(platform, bob.name, "not this one")[1] == 403
    failed = noted(admin, lambda each: each["action"] == "sign-in.failed", on=bob.name)
    assert (failed["by"], failed["whom"], failed["means"]) == ("", bob.name, "page")
    assert re.fullmatch(r"[0-9a-f.:]+", failed["address"])
    assert sign_in(platform, bob.name, bob.password)[1] == 302
    done = noted(admin, lambda each: each["action"] == "sign-in.done", by=bob.name)
    assert done["address"] == failed["address"]


def test_a_made_up_address_is_not_believed(platform: Platform, admin: Person, bob: Person) -> None:
    run = bob.runs.hold(size="small")
    headers = {
        "Authorization": f"Bearer {admin.token}",
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-Ip": "203.0.113.9",
    }
    answer = requests.post(f"{platform.url}/api/v1/runs/{run.id}/cancel", headers=headers, timeout=30)
    assert answer.status_code == 200
    cancelled = noted(admin, lambda each: each["action"] == "run.cancelled", on=run.id)
    assert (cancelled["by"], cancelled["whom"], cancelled["means"]) == (admin.name, bob.name, "token")
    assert cancelled["address"] not in {"", "203.0.113.9"}
    headers["Authorization"] = f"token {platform.setup_token}"
    url = f"{platform.address}/hub/api/users/{bob.name}/tokens"
    made = requests.post(url, json={"note": "made up"}, headers=headers, timeout=30)
    assert made.status_code == 201
    noted_token = noted(admin, lambda each: "made up" in each["words"], on=bob.name)
    assert noted_token["address"] == cancelled["address"]


def test_a_session_from_its_start_to_an_admins_end(platform: Platform, admin: Person, bob: Person) -> None:
    browser, _ = sign_in(platform, bob.name, bob.password)
    form = browser.get(f"{platform.address}/hub/spawn", timeout=30).text
    action = re.search(r'id="spawn_form"\s+action="([^"]*)"', form)
    assert action
    chosen = {name: re.findall(rf'name="{name}" value="([^"]+)"', form)[0] for name in ("version", "size")}
    pressed = browser.post(
        platform.address + action[1].replace("&amp;", "&"), chosen, timeout=60, allow_redirects=False
    )
    assert pressed.status_code == 302, pressed.text
    until(bob.server_ready, "the session's start", 120)
    started = noted(admin, lambda each: each["action"] == "session.started", by=bob.name)
    assert started["object"] == bob.name
    assert started["words"].startswith("python-data")
    assert started["means"] == "page"
    listed = admin.command("sessions", "list", "--json")
    assert bob.name in listed.stdout
    assert admin.command("sessions", "stop", bob.name).returncode == 0
    stopped = noted(admin, lambda each: each["action"] == "session.stopped", on=bob.name)
    assert (stopped["by"], stopped["whom"]) == (admin.name, bob.name)


def test_while_the_api_is_away_nothing_is_lost_or_doubled(
    platform: Platform, admin: Person, bob: Person
) -> None:
    platform.compose("stop", "api")
    try:
        notes = [f"while away {number}" for number in range(5)]
        for note in notes:
            made = call_hub(
                platform, platform.setup_token, "POST", f"/users/{bob.name}/tokens", {"note": note}
            )
            assert made.status_code == 201
        platform.compose("restart", "hub")
    finally:
        platform.compose("start", "api")

    def arrived() -> list[str] | None:
        try:
            found = [each["words"] for each in entries(admin, on=bob.name, action="token.made")]
        except (AssertionError, requests.RequestException):
            return None
        mine = [words.partition(" (")[0] for words in found if words.startswith("while away")]
        return mine if len(mine) >= len(notes) else None

    assert until(arrived, "the arrival of all entries", 60) == notes
    assert admin.command("audit", "verify").returncode == 0


def test_members_see_nothing_of_it(platform: Platform, bob: Person) -> None:
    headers = {"Authorization": f"Bearer {bob.token}"}
    for path in ("/audit", "/audit/export", "/audit/verify", "/sessions"):
        assert requests.get(f"{platform.url}/api/v1{path}", headers=headers, timeout=30).status_code == 403
    for path in ("people", "sessions", "announcements", "audit", "audit/export"):
        answer = requests.get(f"{platform.url}/admin/{path}", headers=headers, timeout=30)
        assert answer.status_code == 403
    assert bob.command("audit").returncode == 1
    assert bob.hub("GET", "/nightdesk/sessions").status_code == 403
