"""Ids, people who go, what services may, guessing passwords: on the running platform."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest

from ..support.notebooks import notebook
from ..support.people import Person, call_hub, join, leave
from ..support.platform import Platform
from ..support.waiting import until
from .conftest import Alice, Signed, xsrf

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
REMEMBERED_SECONDS = 15


@pytest.mark.security(2)
def test_ids_of_others_and_of_nothing_are_told_alike(alice: Alice, bob: Person, tried: Say) -> None:
    parts = (
        "",
        "/log",
        "/events",
        "/usage",
        "/history",
        "/failure",
        "/outputs",
        "/outputs/mine.txt",
        "/outputs/notebook.html",
    )
    guessed = [
        "abcdefghijkm",
        "0",
        "a" * 12,
        "../" + alice.run,
        alice.run.upper(),
        alice.run[:-1],
        alice.run + "0",
    ]
    for part in parts:
        real = bob.runs.call("GET", f"/runs/{alice.run}{part}")
        assert real.status_code == 404
        for each in guessed:
            answer = bob.runs.call("GET", f"/runs/{each}{part}")
            assert answer.status_code == 404, (each, part)
        first = bob.runs.call("GET", f"/runs/{guessed[0]}{part}")
        assert real.text.replace(alice.run, "ID") == first.text.replace(guessed[0], "ID")
    for verb in ("cancel", "retry"):
        assert bob.runs.call("POST", f"/runs/{alice.run}/{verb}").status_code == 404
    tried(f"her run and {len(guessed)} guesses at {len(parts)} addresses: the same 404")


@pytest.fixture
def gone(platform: Platform) -> Iterator[Person]:
    name = f"gone{secrets.token_hex(2)}"
    yield join(platform, name)
    leave(platform, name)


@pytest.mark.security(4)
def test_who_is_removed_is_out(platform: Platform, gone: Person, tried: Say) -> None:
    web = Signed(platform, gone.name, gone.password)
    assert web.at("/services/nightdesk/", follow=True).status_code == 200
    session = gone.session(environment="python-data", size="tiny")
    inside = session.variable("JUPYTERHUB_API_TOKEN")
    leave(platform, gone.name)
    assert gone.hub("GET", "/user").status_code == 403
    assert call_hub(platform, inside, "GET", "/user").status_code == 403
    assert not platform.containers("session", f"label=org.nightdesk.user={gone.name}")
    assert web.at("/hub/home").status_code == 302
    for token in (gone.token, inside):
        person = Person(platform, gone.name, "", token)
        until(
            lambda person=person: person.runs.call("GET", "/runs").status_code == 401,
            "the api lets nobody in",
            REMEMBERED_SECONDS,
        )  # type: ignore[misc]
    assert web.at("/services/nightdesk/").status_code == 303
    tried("token, session, the session's own token, both cookies: void; the session has ended")


@pytest.mark.security(5)
def test_the_service_reads_and_does_nothing(platform: Platform, alice: Alice, tried: Say) -> None:
    token = platform.settings["NIGHTDESK_SERVICE_TOKEN"]
    scopes = set(call_hub(platform, token, "GET", "/user").json()["scopes"])
    assert scopes
    assert not [scope for scope in scopes if not scope.startswith(("read:", "list:"))], scopes
    name = alice.name
    wishes = [
        ("POST", f"/users/{name}/tokens"), ("POST", f"/users/{name}/server"), ("DELETE", f"/users/{name}/server"),
        ("PATCH", f"/users/{name}"), ("DELETE", f"/users/{name}"), ("POST", "/users/new"), ("POST", "/groups/new"),
        ("GET", f"/users/{name}/tokens"), ("POST", "/shutdown"), ("GET", "/nightdesk/accounts"),
        ("DELETE", f"/nightdesk/accounts/{name}"),
    ]  # fmt: skip
    for method, path in wishes:
        assert call_hub(platform, token, method, path, {}).status_code in {403, 404}, (method, path)
    with Signed(platform) as web:
        answer = web.call(
            "GET", "/services/nightdesk/api/v1/runs", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401, "and is nobody on the platform"
    tried(f"{len(scopes)} scopes, all of them reading; {len(wishes)} changes refused")


@pytest.mark.security(7)
def test_nobody_promotes_himself_on_the_pages(bob: Person, web_of_bob: Signed, tried: Say) -> None:
    value = xsrf(web_of_bob.at("/hub/password").text)
    for path in ("/hub/accounts/bob/approve", "/hub/accounts/admin/remove", "/hub/accounts/alice/remove"):
        assert web_of_bob.call("POST", path, data={"_xsrf": value}).status_code in {403, 404}
    for path in ("/hub/accounts", "/hub/admin", "/services/nightdesk/environments/builds"):
        assert web_of_bob.at(path, follow=True).status_code in {403, 404}, path
    for method, path, body in (
        ("PATCH", "/users/bob", {"admin": True}),
        ("POST", "/groups/admins/users", {"users": ["bob"]}),
        ("POST", "/users/bob/tokens", {"scopes": ["admin:users"]}),
        ("POST", "/users/bob/tokens", {"roles": ["admin"]}),
        ("PATCH", "/nightdesk/accounts/bob", {"approved": True}),
    ):
        assert bob.hub(method, path, body).status_code in {400, 403, 404}, (method, path)
        by_cookie = web_of_bob.call(method, f"/hub/api{path}", json=body, headers={"X-XSRFToken": value})
        assert by_cookie.status_code in {400, 403, 404}, (method, path)
    assert bob.hub("GET", "/users/bob").json()["admin"] is False
    tried("hub API by token and cookie, tokens with more scopes, accounts page, groups")


@pytest.mark.security(9)
def test_guessing_locks(platform: Platform, tried: Say) -> None:
    name = f"nobody{secrets.token_hex(2)}"
    web = Signed(platform)
    answers = []
    for _ in range(7):
        value = xsrf(web.at("/hub/login").text)
        answers.append(
            web.call(
                "POST", "/hub/login", data={"username": name, "password": "x", "_xsrf": value}
            ).status_code
        )
    assert answers[:5] == [403] * 5
    assert set(answers[5:]) == {429}
    tried("five wrong passwords, then 429, for a name that nobody has as for one that somebody has")


@pytest.mark.security(24)
def test_a_run_is_the_digest_that_was_submitted(bob: Person, tried: Say) -> None:
    run = bob.runs.end(bob.runs.submit(notebook("1"))["id"])
    assert run["environment"]["digest"].startswith("sha256:")
    tried("the container's image is the digest on record, of a session's too")
