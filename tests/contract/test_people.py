"""What every People does: a token has an owner or has none, and a hub that is away is said to be away."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from nightdesk.server.adapters import hub_people as subject
from nightdesk.server.adapters.hub_people import HubPeople
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.ports.people import People

ADA = {
    "kind": "user",
    "name": "ada",
    "admin": False,
    "groups": ["data", "night"],
    "scopes": ["access:services"],
}
SCOPED = ["access:services!service=nightdesk"]


class Hub:
    """The hub's answers to GET /hub/api/user, by token: a status and a body."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {
            "token-ada": (200, ADA),
            "token-root": (200, {"kind": "user", "name": "root", "admin": True, "scopes": SCOPED}),
            "token-limited": (200, {**ADA, "scopes": ["self"]}),
            "token-other-service": (200, {**ADA, "scopes": ["access:services!service=grader"]}),
            "token-service": (
                200,
                {"kind": "service", "name": "setup", "admin": True, "scopes": ["access:services"]},
            ),
        }
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                hub.asked.append(f"{self.path} {token}")
                status, body = hub.answers.get(token, (403, {"status": 403, "message": "Forbidden"}))
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hub/api"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.stop()


@pytest.fixture(params=["memory", "hub"])
def people(request: pytest.FixtureRequest, hub: Hub) -> People:
    if request.param == "hub":
        return HubPeople(hub.url)
    return MemoryPeople(
        {"token-ada": Person("ada", False, ("data", "night")), "token-root": Person("root", True)}
    )


def test_whose_token_it_is(people: People) -> None:
    assert people.of_token("token-ada") == Person("ada", admin=False, groups=("data", "night"))
    assert people.of_token("token-root") == Person("root", admin=True, groups=())


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nobody's",
        "token-limited",
        "token-other-service",
        "token-service",
        "a\r\nHost: x",
        "tökén",
        "\x00",
        " ",
    ],
)
def test_nobody_s(people: People, token: str) -> None:
    assert people.of_token(token) is None


@pytest.mark.parametrize("make", [HubPeople, lambda _url: away()], ids=["hub", "memory"])
def test_a_hub_that_does_not_answer(hub: Hub, make: Callable[[str], People]) -> None:
    people = make(hub.url.replace("127.0.0.1", "127.0.0.2"))
    with pytest.raises(Unavailable, match="the hub does not answer"):
        people.of_token("token-ada")


def away() -> People:
    """A double that is away."""
    people = MemoryPeople()
    people.away = True
    return people


@pytest.mark.parametrize("status", [500, 502, 503, 302])
def test_a_hub_that_answers_badly_is_not_an_answer_about_the_token(hub: Hub, status: int) -> None:
    hub.answers["token-ada"] = (status, {})
    with pytest.raises(Unavailable, match=f"the hub answered {status}"):
        HubPeople(hub.url).of_token("token-ada")


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"null", b"{}"])
def test_a_hub_that_answers_nonsense(hub: Hub, body: bytes) -> None:
    hub.answers["token-ada"] = (200, body)
    if body == b"{}":
        assert HubPeople(hub.url).of_token("token-ada") is None
    else:
        with pytest.raises(Unavailable, match="the hub's answer cannot be read"):
            HubPeople(hub.url).of_token("token-ada")


def test_the_hub_is_asked_with_the_person_s_own_token_and_not_each_time(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = HubPeople(hub.url)
    for _ in range(5):
        people.of_token("token-ada")
    people.of_token("nobody's")
    people.of_token("nobody's")
    assert hub.asked == ["/hub/api/user token-ada", "/hub/api/user nobody's"]
    monkeypatch.setattr(subject, "_REMEMBER_SECONDS", -1.0)
    people = HubPeople(hub.url)
    people.of_token("token-ada")
    hub.answers["token-ada"] = (403, {})
    assert people.of_token("token-ada") is None, (
        "what was revoked is refused as soon as it is asked for again"
    )


def test_whom_the_hub_named_a_moment_ago_is_known_without_asking(hub: Hub, people: People) -> None:
    before = people.remembered("token-ada") if isinstance(people, HubPeople) else None
    assert before is None, "nobody was asked yet"
    person = people.of_token("token-ada")
    asked = list(hub.asked)
    assert people.remembered("token-ada") == person
    assert people.of_token("nobody's") is None
    assert people.remembered("nobody's") is None
    assert people.remembered("tökén\x00") is None
    assert hub.asked in (asked, [*asked, "/hub/api/user nobody's"])


@pytest.mark.parametrize("token", ["token-ada", "nobody's"])
def test_nobody_is_known_without_asking_while_the_hub_is_away(token: str) -> None:
    assert away().remembered(token) is None


def test_what_is_remembered_has_an_end(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_REMEMBER_COUNT", 10)
    people = HubPeople(hub.url)
    for number in range(25):
        people.of_token(f"token-{number}")
    assert len(people._known) <= 10
    assert not any("token" in name for name in people._known), "tokens are not kept in clear"


def test_the_sessions_of_one_person_are_asked_for_by_name(hub: Hub) -> None:
    options = {"environment": "python-data", "version": "1", "size": "small"}
    server = {"name": "two", "user_options": options, "started": "2026-11-22T16:30:00Z"}
    hub.answers["token-service"] = (200, {"name": "ada", "groups": ["data"], "servers": {"two": server}})
    people = HubPeople(hub.url, service_token="token-service")
    (session,) = people.sessions("ada")
    assert (session.person, session.name, session.version, session.groups) == ("ada", "two", "1", ("data",))
    assert hub.asked == ["/hub/api/users/ada token-service"]
    hub.answers["token-service"] = (404, {})
    assert people.sessions("nobody/../x") == []
    assert hub.asked[-1] == "/hub/api/users/nobody%2F..%2Fx token-service"
