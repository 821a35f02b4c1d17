"""From outside: forged changes, redirects, headers, cookies, websockets, other people's servers."""

from __future__ import annotations

import base64
import http.client
import os
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
import requests
from jupyterhub.apihandlers import default_handlers

from ..support.people import Person, Session, call_hub
from ..support.platform import Platform
from .conftest import Alice, Signed, xsrf

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
DESK = "/services/nightdesk"
METHODS = ("post", "put", "patch", "delete")
# Asked by a program that shows its own secret, not by a browser; and one of JupyterHub's of before 2.0, which is gone.
WITHOUT_COOKIES = {"/oauth2/token", "/authorizations/token", "/authorizations/token/bob"}


def hub_changes() -> list[tuple[str, str]]:
    """Every change that JupyterHub's own API takes, from its own table of handlers."""
    found = []
    for pattern, handler, *_ in default_handlers:
        path = re.sub(r"\([^()]*\)", "bob", pattern).replace("\\", "").replace("?", "").rstrip("/")
        if pattern.startswith("/api/"):
            path = path.removeprefix("/api")
        for method in METHODS:
            if getattr(handler, method).__qualname__.partition(".")[0] not in {
                "RequestHandler",
                "APIHandler",
            }:
                found.append((method.upper(), path))
    return sorted({each for each in found if each[1] not in WITHOUT_COOKIES})


@pytest.mark.security(10)
def test_a_forged_change_is_refused(
    platform: Platform, web_of_admin: Signed, web_of_bob: Signed, bobs_session: Session, tried: Say
) -> None:
    """With the cookies of an admin, who may do all of it; without the page's value, from here and from elsewhere."""
    changes = [(method, f"/hub/api{path}") for method, path in hub_changes()]
    assert len(changes) > 15, changes
    pages = [
        ("POST", path)
        for path in (
            "/hub/login",
            "/hub/spawn",
            "/hub/spawn/bob",
            "/hub/signup",
            "/hub/password",
            "/hub/accounts/bob/remove",
        )
    ]
    forged = [
        {},
        {
            "Origin": "https://evil.example",
            "Referer": "https://evil.example/x",
            "Sec-Fetch-Site": "cross-site",
        },
    ]
    for method, path in [*changes, *pages]:
        for headers in forged:
            for body in ({"data": {}}, {"json": {}}):
                answer = web_of_admin.call(method, path, headers=headers, **body)
                assert answer.status_code in {403, 404, 405}, (method, path, headers, answer.text[:300])
    owner = Person(platform, "bob", "", web_of_bob_token(web_of_bob))
    assert owner.server_ready(), "nothing was done"
    base = sign_in_to_server(web_of_bob)
    for method, path in [
        ("PUT", "api/contents/forged.txt"),
        ("POST", "api/kernels"),
        ("POST", "api/terminals"),
        ("DELETE", "api/contents/x"),
        ("PATCH", "api/contents/x"),
    ]:
        for headers in forged:
            answer = web_of_bob.call(
                method, base + path, headers=headers, json={"type": "file", "format": "text", "content": "x"}
            )
            assert answer.status_code in {403, 404}, (method, path, answer.text[:300])
    assert "forged" not in bobs_session.do("ls", "/home/nightdesk")
    count = len(changes) + len(pages)
    tried(f"{count} changes at the hub, 5 at a session, with the right cookies, without the value: refused")


def web_of_bob_token(web: Signed) -> str:
    made = call_hub(web.platform, web.platform.setup_token, "POST", "/users/bob/tokens", {"note": "tests"})
    return str(made.json()["token"])


def sign_in_to_server(web: Signed, name: str = "bob") -> str:
    """Get the session's own cookies, as a browser does that opens it."""
    answer = web.at(f"/user/{name}/lab", follow=True)
    assert answer.status_code == 200, answer.text[:500]
    return f"/user/{name}/"


NEXTS = (
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example",
    "http:///evil.example", "%2f%2fevil.example", "/%2f/evil.example", "/%5cevil.example", "/\t/evil.example", "/\n/evil.example",
    "/%09/evil.example", "/%0a/evil.example", "javascript:alert(1)", "data:text/html,x", "HOST@evil.example",
    "http://HOST@evil.example/", "http://HOST.evil.example/", "/services/nightdesk//evil.example",
    "/services/nightdesk/..//evil.example", "/hub//evil.example", "/hub/..//evil.example", "/./\\evil.example", " //evil.example",
    "/hub/home%0d%0aLocation:%20https://evil.example",
)  # fmt: skip


def leads(base: str, location: str) -> str:
    """Where a browser goes: it takes \\ for /, and leaves out tabs, line ends and blanks around."""
    cleaned = re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/")
    return urlsplit(urljoin(base, cleaned)).netloc


@pytest.mark.thorough
@pytest.mark.security(11)
def test_next_leads_nowhere_else(platform: Platform, bob: Person, web_of_bob: Signed, tried: Say) -> None:
    here = urlsplit(platform.address).netloc
    for wished in NEXTS:
        for written in (wished.replace("HOST", here), quote(wished.replace("HOST", here), safe="")):
            for start in (
                f"/hub/login?next={written}",
                f"{DESK}/login?next={written}",
                f"/hub/spawn?next={written}",
                f"/hub/logout?next={written}",
            ):
                web = Signed(platform) if "logout" in start else web_of_bob
                place, hops = quote(start, safe="/?=:%&@\\"), 0
                while hops < 8:
                    answer = web.call("GET", place)
                    location = answer.headers.get("Location")
                    if not location:
                        break
                    assert leads(platform.address + place, location) == here, (start, location)
                    place = urljoin(place, location).removeprefix(platform.address)
                    hops += 1
    for wished in NEXTS[:16]:
        fresh = Signed(platform)
        page = fresh.at("/hub/login").text
        who = {"username": bob.name, "password": bob.password, "_xsrf": xsrf(page)}
        answer = fresh.call("POST", f"/hub/login?next={quote(wished, safe='')}", data=who)
        assert leads(platform.address, answer.headers.get("Location", "/")) == here, (wished, answer.headers)
    tried(
        f"{len(NEXTS)} tricks, plain and encoded, at login, spawn, logout of the hub and login of the pages: all stay here"
    )


@pytest.mark.security(14)
def test_headers_and_cookies(
    platform: Platform,
    bob: Person,
    web_of_bob: Signed,
    web_of_admin: Signed,
    bobs_session: Session,
    tried: Say,
) -> None:
    del bobs_session
    fresh = Signed(platform)
    looked: list[tuple[Signed, str]] = [
        *((fresh, path) for path in ("/hub/login", "/hub/signup", "/nothing", "/hub/nothing", DESK + "/", DESK + "/nothing")),
        *((web_of_bob, path) for path in ("/hub/home", "/hub/spawn", "/hub/token", "/hub/password", DESK + "/")),
        *((web_of_bob, path) for path in (DESK + "/environments", DESK + "/api/v1/runs", "/user/bob/lab")),
        *((web_of_bob, path) for path in ("/user/bob/api/status", "/user/bob/nothing")),
        *((web_of_admin, path) for path in ("/hub/admin", "/hub/accounts", DESK + "/environments/builds")),
    ]  # fmt: skip
    cookies: dict[str, str] = {}

    def note(answer: requests.Response, **_: Any) -> None:
        for line in answer.raw.headers.getlist("Set-Cookie"):
            if not re.search(
                r"(?i)expires=\w+, \d+ \w+ (19|2000|202[0-5])|max-age=0", line
            ):  # takes one away
                cookies[line.partition("=")[0]] = line

    signing_in = Signed(platform)
    signing_in.hooks["response"].append(note)
    who = {"username": bob.name, "password": bob.password, "_xsrf": xsrf(signing_in.at("/hub/login").text)}
    assert signing_in.call("POST", "/hub/login", data=who).status_code == 302
    for path in ("/hub/home", DESK + "/", "/user/bob/lab"):
        signing_in.at(path, follow=True)
    for web, path in looked:
        answer = web.at(path, follow=True)
        policy = answer.headers.get("Content-Security-Policy", "")
        framed = re.search(r"frame-ancestors '(self|none)'", policy) or policy.startswith("sandbox")
        assert framed, (path, policy)
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", (path, dict(answer.headers))
        assert "x-powered-by" not in {name.lower() for name in answer.headers}, path
    assert {"jupyterhub-session-id", "jupyterhub-hub-login", "nightdesk-session"} <= set(cookies), sorted(
        cookies
    )
    for name, line in cookies.items():
        attributes = line.lower()
        if name == "_xsrf":  # what pages send along as well: who has it alone has nothing
            continue
        assert "httponly" in attributes, line
        assert "samesite=lax" in attributes or "samesite=strict" in attributes, line
    tried(f"{len(looked)} pages of hub, platform and session, {len(cookies)} cookies")


def handshake(platform: Platform, path: str, origin: str, cookies: str) -> int:
    """What a browser is answered that opens a websocket from a page of `origin`."""
    where = urlsplit(platform.address)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=20)
    try:
        connection.request("GET", path, headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Origin": origin,
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Cookie": cookies,
        })  # fmt: skip
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.security(15)
def test_websockets_are_opened_by_our_own_pages_only(
    platform: Platform, bob: Person, web_of_bob: Signed, bobs_session: Session, tried: Say
) -> None:
    del bobs_session
    sign_in_to_server(web_of_bob)
    kernel = call_session(bob, "POST", "api/kernels", {"name": "python3"})["id"]
    terminal = call_session(bob, "POST", "api/terminals", {})["name"]
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in web_of_bob.cookies)
    sockets = [
        f"/user/bob/api/kernels/{kernel}/channels",
        f"/user/bob/terminals/websocket/{terminal}",
        "/user/bob/api/events/subscribe",
    ]
    for path in sockets:
        for origin in (
            "https://evil.example",
            "null",
            platform.address + ".evil.example",
            "http://127.0.0.1:1",
        ):
            assert handshake(platform, path, origin, cookies) == 403, (path, origin)
        assert handshake(platform, path, platform.address, "") in {302, 403}, "nobody"
        assert handshake(platform, path, platform.address, cookies) == 101, "our own page"
    for path in (DESK + "/", f"{DESK}/api/v1/runs", "/hub/api/user", "/hub/home"):
        assert handshake(platform, path, "https://evil.example", cookies) != 101
    tried(
        "kernel, terminal and events of a session, from four other origins and as nobody; pages and hub have none"
    )


def call_session(person: Person, method: str, path: str, body: Any) -> Any:
    with Signed(person.platform) as web:
        headers = {"Authorization": f"token {person.token}"}
        return web.call(method, f"/user/{person.name}/{path}", headers=headers, json=body).json()


@pytest.mark.security(28)
def test_another_persons_server_lets_nobody_in(
    platform: Platform, alice: Alice, bob: Person, web_of_bob: Signed, tried: Say
) -> None:
    alice.person.session(environment="python-data", size="tiny")
    paths = (
        "",
        "lab",
        "tree",
        "api/status",
        "api/contents/mine.txt",
        "files/mine.txt",
        "api/kernels",
        "static/../api/status",
        "nightdesk/about",
        "nightdesk/api/runs",
        "nightdesk/events",
        f"nightdesk/notebook/{alice.run}",
    )
    for path in paths:
        answer = web_of_bob.at(f"/user/alice/{path}", follow=True)
        assert answer.status_code in {403, 404}, (path, answer.status_code, answer.url)
        with Signed(platform) as web:
            by_token = web.call("GET", f"/user/alice/{path}", headers={"Authorization": f"token {bob.token}"})
            assert by_token.status_code in {302, 403, 404}, (path, by_token.status_code)
            by_query = web.at(f"/user/alice/{path}?token={bob.token}")
            assert by_query.status_code in {302, 403, 404}, (path, by_query.status_code)
    shared = alice.person.hub(
        "POST", "/shares/alice/", {"user": "bob", "scopes": ["access:servers!server=alice/"]}
    )
    assert shared.status_code == 403, "who may get in is not the owner's to say"
    assert alice.person.hub("POST", "/share-codes/alice/", {}).status_code == 403
    assert web_of_bob.at("/user/alice/lab", follow=True).status_code in {403, 404}
    tried(
        f"{len(paths)} addresses of hers by cookie, token and query; sharing is refused: only an admin gets in"
    )
