"""What we add to the hub, with everybody: handlers come from the hub's own configuration, answers from one table.

JupyterHub's own addresses are its own tests' matter; what of them somebody could rule others with is in
tests/security.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from jupyterhub.handlers import BaseHandler
from nightdesk.config import Settings
from nightdesk_hub.configure import configure
from nightdesk_hub.secrets import read_secrets
from tornado.web import RequestHandler, StaticFileHandler
from traitlets.config import Config

from .engine_double import EngineDouble
from .hub_process import ADMIN_PASSWORD, PASSWORD, SETUP, Browser, Hub, until
from .test_configure import ENVIRON

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Rule:
    """An address of a handler, and what anonymous, a member and an admin are answered; `{victim}` is an account.

    What changes something is sent with the page's own value (pages) or a token (API). `form` is what is sent.
    """

    address: str
    anonymous: int
    member: int
    admin: int
    form: tuple[tuple[str, str], ...] = ()


# The hub answers 403 to a token that is missing, 302 to a browser that has not signed in: to its sign-in page.
RULES: dict[tuple[str, str], Rule] = {
    ("GET", r"/login"): Rule("/login", 200, 302, 302),
    ("POST", r"/login"): Rule("/login", 403, 403, 403, (("username", "nobody"), ("password", "wrong"))),
    ("GET", r"/signup"): Rule("/signup", 200, 302, 302),
    ("POST", r"/signup"): Rule("/signup", 400, 400, 400, (("username", "x"),)),
    ("GET", r"/password"): Rule("/password", 302, 200, 200),
    ("POST", r"/password"): Rule("/password", 403, 403, 403, (("current", "wrong"),)),
    ("GET", r"/password/new"): Rule("/password/new", 302, 302, 302),
    ("POST", r"/password/new"): Rule(
        "/password/new", 403, 403, 403, (("username", "noone"), ("current", "wrong"))
    ),
    ("GET", r"/accounts"): Rule("/accounts", 302, 403, 200),
    ("GET", r"/accounts/([^/]+)/(approve|remove)"): Rule("/accounts/{victim}/remove", 302, 302, 302),
    ("POST", r"/accounts/([^/]+)/(approve|remove)"): Rule("/accounts/{victim}/remove", 403, 403, 303),
    ("GET", r"/api/nightdesk/accounts"): Rule("/api/nightdesk/accounts", 403, 403, 200),
    ("POST", r"/api/nightdesk/accounts"): Rule("/api/nightdesk/accounts", 403, 403, 400),
    ("PATCH", r"/api/nightdesk/accounts/([^/]+)"): Rule("/api/nightdesk/accounts/{victim}", 403, 403, 200),
    ("DELETE", r"/api/nightdesk/accounts/([^/]+)"): Rule("/api/nightdesk/accounts/{victim}", 403, 403, 204),
    ("GET", r"/api/nightdesk/people/([^/]+)"): Rule("/api/nightdesk/people/{victim}", 403, 403, 200),
    ("PATCH", r"/api/nightdesk/people/([^/]+)"): Rule("/api/nightdesk/people/{victim}", 403, 403, 400),
    ("DELETE", r"/api/nightdesk/people/([^/]+)"): Rule("/api/nightdesk/people/{victim}", 403, 403, 200),
    ("GET", r"/api/nightdesk/sessions"): Rule("/api/nightdesk/sessions", 403, 403, 200),
    ("GET", r"/people/([^/]+)"): Rule("/people/{victim}", 302, 403, 200),
    ("GET", r"/people/([^/]+)/(disable|enable|remove)"): Rule("/people/{victim}/disable", 302, 403, 302),
    ("POST", r"/people/([^/]+)/(disable|enable|remove)"): Rule("/people/{victim}/remove", 403, 403, 303),
    ("PUT", r"/api/nightdesk/links/([^/]+)"): Rule("/api/nightdesk/links/{victim}", 403, 403, 409),
    ("GET", r"/nightdesk/(.*)"): Rule("/nightdesk/hub.css", 200, 200, 200),
    # JupyterHub's own, of which we look at what they would do to the last admin.
    ("GET", r"/api/users/([^/]+)"): Rule("/api/users/{victim}", 403, 404, 200),
    ("POST", r"/api/users/([^/]+)"): Rule("/api/users/{victim}", 403, 403, 409),
    ("PATCH", r"/api/users/([^/]+)"): Rule("/api/users/{victim}", 403, 403, 200),
    ("DELETE", r"/api/users/([^/]+)"): Rule("/api/users/{victim}", 403, 403, 204),
}


def routes(folder: Path) -> set[tuple[str, str]]:
    """Method and pattern of all that our configuration adds to the hub's own handlers."""
    c = Config()
    configure(Settings(), read_secrets(ENVIRON), c, data=folder, engine=EngineDouble("desk", set()))
    authenticator = c.JupyterHub.authenticator_class(config=c)
    handlers = [*authenticator.get_handlers(SimpleNamespace()), *(c.JupyterHub.get("extra_handlers") or [])]
    return {
        (method.upper(), pattern)
        for pattern, handler, *_ in handlers
        for method in METHODS
        if answers(handler, method)
    }


def answers(handler: type[RequestHandler], method: str) -> bool:
    """Does it have this method itself? A file is only read."""
    if issubclass(handler, StaticFileHandler):
        return method == "get"
    return getattr(handler, method) not in (getattr(RequestHandler, method), getattr(BaseHandler, method))


@pytest.mark.security(1)
def test_every_handler_stands_in_the_table(tmp_path: Path) -> None:
    there = routes(tmp_path)
    without = "".join(
        f'\n    ("{method}", r"{path}"): Rule("{path}", 302, 403, 200),'
        for method, path in sorted(there - set(RULES))
    )
    assert not without, (
        f"Nobody has said who may do this at the hub:{without}\nAdd each to RULES in {__file__}: the address to ask "
        "for, and what anonymous, a member and an admin are answered; `form` is what to send."
    )
    assert not set(RULES) - there, (
        f"take these out of RULES, there are no such handlers: {set(RULES) - there}"
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    hub = Hub(tmp_path_factory.mktemp("hub"))
    try:
        hub.start()
        hub.account("mia")
        yield hub
    finally:
        hub.close()


@pytest.fixture(scope="module")
def people(hub: Hub) -> dict[str, Browser]:
    return {
        "anonymous": Browser(hub.url),
        "member": hub.sign_in("mia", PASSWORD),
        "admin": hub.sign_in("admin", ADMIN_PASSWORD),
    }


@pytest.fixture
def victim(hub: Hub) -> str:
    """An account that may be removed; there again for the next test."""
    if "victor" not in {each["name"] for each in hub.api("GET", "/nightdesk/accounts").json()}:
        victor = {"name": "victor", "password": PASSWORD}
        until("who was removed is gone", lambda: hub.api("POST", "/nightdesk/accounts", json=victor).ok)
    return "victor"


def cookie_value(browser: Browser) -> str:
    """The value that the hub's own pages send along with a change."""
    page = browser.get("/hub/password")
    page = page if page.status_code == 200 else browser.get("/hub/login")
    found = re.search(r'name="_xsrf" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


@pytest.mark.parametrize(("method", "path"), list(RULES), ids=[" ".join(each) for each in RULES])
@pytest.mark.parametrize("who", ["anonymous", "member", "admin"])
@pytest.mark.security(1)
def test_who_is_answered_what(
    hub: Hub, people: dict[str, Browser], victim: str, who: str, method: str, path: str
) -> None:
    rule = RULES[method, path]
    address = "/hub" + rule.address.format(victim=victim)
    if address.startswith("/hub/api/"):
        headers = {"anonymous": {}, "member": hub.token("mia"), "admin": hub.token("admin")}[who]
        body = {"json": {}} if method in {"POST", "PATCH", "PUT"} else {}
        answer = hub.api(method, address.removeprefix("/hub/api"), headers=headers, **body)
    elif method == "GET":
        answer = people[who].get(address)
    else:
        browser = people[who]
        answer = browser.post(address, {**dict(rule.form), "_xsrf": cookie_value(browser)})
    assert answer.status_code == getattr(rule, who), answer.text[:600]
    if answer.status_code == 302 and who == "anonymous" and "accounts/{" not in rule.address:
        assert "/hub/login" in answer.headers["Location"]
    if getattr(rule, who) >= 400:
        assert victim in {
            each["name"] for each in hub.api("GET", "/nightdesk/accounts", headers=SETUP).json()
        }


@pytest.mark.parametrize(("method", "path"), [each for each in RULES if each[0] != "GET"], ids=str)
@pytest.mark.security(10)
def test_a_change_by_cookie_needs_the_pages_own_value(
    hub: Hub, people: dict[str, Browser], victim: str, method: str, path: str
) -> None:
    rule = RULES[method, path]
    address = "/hub" + rule.address.format(victim=victim)
    for extra in ({}, {"_xsrf": "guessed"}):
        for headers in ({}, {"Origin": "https://evil.example", "Referer": "https://evil.example/"}):
            answer: requests.Response = people["admin"].request(
                method, address, {**dict(rule.form), **extra}, headers
            )
            assert answer.status_code == 403, (extra, headers, answer.text[:400])
    assert victim in {each["name"] for each in hub.api("GET", "/nightdesk/accounts").json()}


@pytest.mark.security(7)
def test_nobody_promotes_himself(hub: Hub, people: dict[str, Browser]) -> None:
    """By the hub's own API, with a token or a cookie, nor by joining a group or taking a role."""
    mia, value = hub.token("mia"), cookie_value(people["member"])
    wishes: list[tuple[str, str, Any]] = [
        ("PATCH", "/users/mia", {"admin": True}),
        ("POST", "/users/mia2", {"admin": True}),
        ("POST", "/users", {"usernames": ["mia3"], "admin": True}),
        ("POST", "/groups/team", {"users": ["mia"]}),
        ("PUT", "/groups/team/properties", {}),
        ("POST", "/groups/team/users", {"users": ["mia"]}),
        ("POST", "/users/mia/tokens", {"roles": ["admin"]}),
        ("POST", "/users/mia/tokens", {"scopes": ["admin:users"]}),
        ("POST", "/users/admin/tokens", {}),
        ("POST", "/shutdown", {}),
        ("POST", "/proxy", {}),
        ("PATCH", "/proxy", {"ip": "evil"}),
    ]
    for method, path, body in wishes:
        assert hub.api(method, path, headers=mia, json=body).status_code in {400, 403, 404}, (
            method,
            path,
            body,
        )
        by_cookie = people["member"].request(
            method, f"/hub/api{path}", body, {"X-XSRFToken": value}, as_json=True
        )
        assert by_cookie.status_code in {400, 403, 404}, (method, path, body)
    seen = hub.api("GET", "/users/mia").json()
    assert (seen["admin"], seen["groups"], "admin" in seen["roles"]) == (False, [], False)
