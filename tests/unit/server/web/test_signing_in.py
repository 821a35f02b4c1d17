"""Signing in through the hub, the cookie, and what keeps other sites from using it."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from nightdesk.config import Settings
from nightdesk.server.domain.run import Status
from nightdesk.server.web.oauth import _safe_next

from ..workbench import ADA, BOB, Bench
from .site import API, BASE, SERVICE_TOKEN, Site, session_cookie


class Hub:
    """The hub's token address: gives ada's token for the right code."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.status = 200
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                sent = {
                    name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()
                }
                hub.asked.append({**sent, "path": self.path})
                status = hub.status if sent.get("code") == "right" else 400
                body = json.dumps({"access_token": "token-ada", "token_type": "Bearer"}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hub/api"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def site(hub: Hub, empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("site") / "site.db"
    shutil.copy(empty_database, path)
    bench = Bench(path, {})
    made = Site(bench, hub.url)
    yield made
    made.stop()
    bench.close()


def cookie_of(header: str) -> str:
    """NAME=VALUE of a Set-Cookie header."""
    return header.split(";")[0]


def began(site: Site, target: str = "") -> tuple[str, str]:
    """Start signing in; the state that was sent along, and the cookie."""
    answer = site.ask("GET", f"{BASE}/login" + (f"?next={quote(target, safe='')}" if target else ""))
    assert answer.status == 303
    address = urlsplit(answer.headers["location"])
    assert address.path == "/hub/api/oauth2/authorize"
    assert (address.scheme, address.netloc) == ("", ""), "on the same host, whichever it is"
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert query["client_id"] == "service-nightdesk"
    assert query["redirect_uri"] == f"{BASE}/oauth_callback"
    assert query["response_type"] == "code"
    (cookie,) = answer.cookies
    return query["state"], cookie


def test_signing_in(site: Site, hub: Hub) -> None:
    run = site.bench.submit()
    wanted = f"{BASE}/runs/{run.id}?x=1"
    first = site.ask("GET", wanted)
    assert first.status == 303
    assert first.headers["location"] == f"{BASE}/login?next={quote(wanted)}"
    state, cookie = began(site, wanted)
    answer = site.ask(
        "GET", f"{BASE}/oauth_callback?code=right&state={state}", headers={"Cookie": cookie_of(cookie)}
    )
    assert (answer.status, answer.headers["location"]) == (303, wanted)
    asked = hub.asked[-1]
    assert asked == {
        "path": "/hub/api/oauth2/token",
        "client_id": "service-nightdesk",
        "client_secret": SERVICE_TOKEN,
        "grant_type": "authorization_code",
        "code": "right",
        "redirect_uri": f"{BASE}/oauth_callback",
    }
    session = next(cookie for cookie in answer.cookies if cookie.startswith("nightdesk-session="))
    for attribute in ("HttpOnly", "SameSite=lax", f"Path={BASE}"):
        assert attribute in session
    assert "token-ada" not in session.split("=", 1)[0]
    page = site.ask("GET", wanted, headers={"Cookie": cookie_of(session)})
    assert page.status == 200
    assert "ada" in page.text


def test_each_start_has_a_state_of_its_own(site: Site) -> None:
    assert len({began(site)[0] for _ in range(5)}) == 5


@pytest.mark.parametrize("case", ["no cookie", "another state", "no state", "forged cookie", "wrong code"])
def test_what_nobody_started_is_refused(site: Site, case: str) -> None:
    state, cookie = began(site)
    headers = {"Cookie": cookie_of(cookie)}
    code = "right"
    if case == "no cookie":
        headers = {}
    elif case == "another state":
        state = began(site)[0]
    elif case == "no state":
        state = ""
    elif case == "forged cookie":
        headers = {"Cookie": f"nightdesk-oauth-state={session_cookie('x', 'another secret')}"}
    else:
        code = "wrong"
    answer = site.ask("GET", f"{BASE}/oauth_callback?code={code}&state={state}", headers=headers)
    assert answer.status == 400
    assert answer.json["error"]["hint"]
    assert not any(cookie.startswith("nightdesk-session=") for cookie in answer.cookies)


def test_a_hub_that_does_not_answer(site: Site, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    state, cookie = began(site)
    headers = {"Cookie": cookie_of(cookie)}
    monkeypatch.setattr(hub, "status", 500)
    assert site.ask("GET", f"{BASE}/oauth_callback?code=right&state={state}", headers=headers).status == 400


def test_signing_out(site: Site) -> None:
    answer = site.ask("GET", f"{BASE}/logout", ADA, cookie=True)
    assert (answer.status, answer.headers["location"]) == (303, "/hub/logout")
    (cookie,) = answer.cookies
    assert cookie.startswith('nightdesk-session="";')
    assert "Max-Age=0" in cookie


# where one is sent afterwards


OWN = [
    BASE,
    f"{BASE}/",
    f"{BASE}/runs/abc",
    f"{BASE}/?owner=all&status=failed",
    f"{BASE}/runs/a.b",
    f"{BASE}/runs/..a",
]
OTHERS = [
    "", "/", "/hub/home", "https://evil.example", "//evil.example", "///evil.example", "http:evil.example", "javascript:x",
    "\\\\evil.example", "/\\evil.example", f"{BASE}//evil.example", f"{BASE}/\\evil.example", f"{BASE}evil",
    f"{BASE}@evil.example", f"{BASE}.evil.example", f"{BASE}/../../evil", f"{BASE}/..", f"{BASE}/%2e%2e/user/mallory/",
    f"{BASE}/%2E%2e/x", f"{BASE}/./x", f"{BASE}/x/../../../user/mallory/", f"{BASE}/x%3f/%2e%2e/%2e%2e/user",
    f"{BASE}/\t/evil", f"{BASE}/\n", f"{BASE}/\x00", f" {BASE}/", f"https://evil.example{BASE}/", f"{BASE}/%2e%2e%2fuser",
]  # fmt: skip


@pytest.mark.parametrize("target", OWN)
def test_own_pages_are_gone_to(target: str) -> None:
    assert _safe_next(target) == target


@pytest.mark.parametrize("target", OTHERS, ids=repr)
def test_no_other_address_is(site: Site, target: str) -> None:
    assert _safe_next(target) == f"{BASE}/"
    state, cookie = began(site, target)
    answer = site.ask(
        "GET", f"{BASE}/oauth_callback?code=right&state={state}", headers={"Cookie": cookie_of(cookie)}
    )
    assert (answer.status, answer.headers["location"]) == (303, f"{BASE}/")


# the cookie


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "token-ada",
        session_cookie("token-ada", "another secret"),
        "x" + session_cookie("token-ada"),
        '"',
        "\xff",
    ],
    ids=["empty", "text", "token", "another secret", "changed", "quote", "no ascii"],
)
def test_a_cookie_that_is_not_ours_is_nobody_s(site: Site, value: str) -> None:
    headers = {"Cookie": f"nightdesk-session={value}"}
    assert site.ask("GET", f"{BASE}/", headers=headers).status == 303
    assert site.get("/user", headers=headers).status == 401


def test_an_old_cookie_is_nobody_s(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    value = session_cookie("token-ada")
    headers = {"Cookie": f"nightdesk-session={value}"}
    assert site.get("/user", headers=headers).status == 200
    later = time.time() + 15 * 24 * 3600
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    assert site.get("/user", headers=headers).status == 401


def test_cookies_are_for_tls_alone_where_there_is_tls(benches: Callable[..., Bench]) -> None:
    bench = benches()
    bench.settings = Settings.model_validate({"site": {"public_url": "https://desk.example.org"}})
    site = Site(bench)
    try:
        assert "Secure" in began(site)[1]
        run = site.finished()
        assert site.get(f"/runs/{run.id}", ADA).json["url"] == f"https://desk.example.org{BASE}/runs/{run.id}"
    finally:
        site.stop()


# changes by cookie


def xsrf(site: Site, headers: dict[str, str], run_id: str) -> str:
    """The value on the page of a run."""
    page = site.ask("GET", f"{BASE}/runs/{run_id}", headers=headers).text
    return page.split('name="_xsrf" value="')[1].split('"')[0]


@pytest.mark.parametrize("sent", [None, "", "guessed", "another's"])
def test_a_change_that_no_page_of_ours_asked_for(site: Site, sent: str | None) -> None:
    run = site.bench.submit(person=ADA)
    if sent == "another's":
        theirs = site.bench.submit(person=BOB)
        sent = xsrf(site, {"Cookie": f"nightdesk-session={session_cookie('token-bob')}"}, theirs.id)
    more = {} if sent is None else {"X-XSRFToken": sent}
    form = {} if sent is None else {"_xsrf": sent}
    for answer in (
        site.post(f"/runs/{run.id}/cancel", ADA, cookie=True, headers=more),
        site.post("/runs", ADA, cookie=True, headers=more),
        site.ask("POST", f"{BASE}/runs/{run.id}/cancel", ADA, cookie=True, form=form),
    ):
        assert answer.status in {403, 422}
        if answer.status == 403:
            assert (
                answer.json["error"]["message"]
                == "the page is too old for this, or another site asked for it"
            )
            assert answer.json["error"]["hint"] == "Reload the page and try again."
    assert site.bench.run(run).status is Status.QUEUED


def test_a_change_from_our_own_page(site: Site) -> None:
    headers = {"Cookie": f"nightdesk-session={session_cookie('token-ada')}"}
    run = site.bench.submit(person=ADA)
    value = xsrf(site, headers, run.id)
    answer = site.ask("POST", f"{BASE}/runs/{run.id}/cancel", headers=headers, form={"_xsrf": value})
    assert (answer.status, answer.headers["location"]) == (303, f"{BASE}/runs/{run.id}")
    assert site.bench.run(run).status is Status.CANCELLED
    run = site.bench.submit(person=ADA)
    answer = site.post(f"/runs/{run.id}/cancel", headers={**headers, "X-XSRFToken": value})
    assert (answer.status, answer.json["status"]) == (200, "cancelled")


def test_a_value_without_its_cookie_is_nothing(site: Site) -> None:
    run = site.bench.submit(person=ADA)
    value = xsrf(site, {"Cookie": f"nightdesk-session={session_cookie('token-ada')}"}, run.id)
    answer = site.ask("POST", f"{BASE}/runs/{run.id}/cancel", form={"_xsrf": value})
    assert answer.status == 403
    assert site.post(f"/runs/{run.id}/cancel", headers={"X-XSRFToken": value}).status == 401
    assert site.bench.run(run).status is Status.QUEUED


def test_a_token_needs_no_value(site: Site) -> None:
    run = site.bench.submit(person=ADA)
    assert site.post(f"/runs/{run.id}/cancel", ADA).status == 200


def test_a_token_that_is_wrong_is_not_helped_by_a_cookie(site: Site) -> None:
    headers = {"Cookie": f"nightdesk-session={session_cookie('token-ada')}", "Authorization": "Bearer wrong"}
    assert site.get("/user", headers=headers).status == 401


def test_nothing_is_allowed_to_other_origins(site: Site) -> None:
    answer = site.get("/user", ADA, headers={"Origin": "https://evil.example"})
    assert not any(name.startswith("access-control-") for name in answer.headers)
    answer = site.ask("OPTIONS", f"{API}/runs", headers={"Origin": "https://evil.example"})
    assert answer.status == 405
    assert not any(name.startswith("access-control-") for name in answer.headers)
