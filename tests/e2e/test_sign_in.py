"""Signing in with an OpenID Connect server: a real one (Canaille), a real hub and a real browser.

The hub runs as a process of its own with an engine in memory, because no session is started here; it
and the provider listen on the loopback alone, so that plain http is allowed between them.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from ..support.provider import CLIENT_ID, SCOPES, OpenIdProvider, open_id_provider
from ..unit.hub.hub_process import ADMIN_PASSWORD, Hub, until

RECHECK_SECONDS = 5


@dataclass
class Place:
    """The hub, and the provider with the people there."""

    hub: Hub
    provider: OpenIdProvider
    variables: dict[str, str]

    def user(self, name: str) -> dict[str, Any]:
        """What the hub knows of somebody."""
        answer = self.hub.api("GET", f"/users/{name}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    hub = Hub(tmp_path_factory.mktemp("hub"))
    folder = tmp_path_factory.mktemp("provider")
    try:
        called = {"ada": "Ada", "boss": "Boss", "eve": "Eve", "olga": "ada"}  # olga calls herself ada
        groups = {"staff": ["ada", "boss", "olga"], "r-users": ["ada"], "chiefs": ["boss"], "others": ["eve"]}
        with open_id_provider(folder, f"{hub.url}/hub/oauth_callback", called, groups) as provider:
            section = {
                "issuer": provider.issuer,
                "client_id": CLIENT_ID,
                "scopes": list(SCOPES),
                "label": "Example Login",
                "allowed_groups": ["staff"],
                "admin_groups": ["chiefs"],
                "recheck_after": RECHECK_SECONDS,
                "trusted_for": 3600,
            }
            settings = {
                "site": {"title": "Our Desk", "public_url": hub.url},
                "accounts": {"sign_in": "oidc", "oidc": section},
            }
            variables = {
                "SETTINGS": json.dumps(settings),
                "R_GROUPS": json.dumps(["r-users"]),
                "NIGHTDESK_SIGN_IN_SECRET": provider.client_secret,
                "JUPYTERHUB_CRYPT_KEY": "ab" * 32,
            }
            hub.start(**variables)
            yield Place(hub, provider, variables)
    finally:
        hub.close()


Window = Callable[[], Page]


@pytest.fixture
def window(browser: Browser, place: Place) -> Iterator[Window]:
    """Opens browser windows that share no cookies."""
    contexts = []

    def opened(**kind: Any) -> Page:
        context = browser.new_context(base_url=place.hub.url, locale="en-GB", **kind)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def sign_in(page: Page, place: Place, name: str, *, to: str = "/hub/home") -> None:
    """From one of the hub's pages through the provider's own, as a person would."""
    page.goto(to)
    page.click("#provider")
    at_provider(page, place, name)


def at_provider(page: Page, place: Place, name: str) -> None:
    """The provider's two pages: who, and the password."""
    page.fill("input[name=login]", name)
    page.press("input[name=login]", "Enter")
    page.fill("input[name=password]", place.provider.passwords[name])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile(re.escape(place.hub.url)))


def test_the_first_sign_in_and_what_the_groups_decide(place: Place, window: Window, pictures: Path) -> None:
    page = window()
    page.goto("/hub/login")
    expect(page.locator("#provider")).to_have_text("Sign in with Example Login")
    expect(page.locator("input[type=password]")).to_have_count(0)
    page.screenshot(path=pictures / "sign-in-provider.png")
    sign_in(page, place, "ada", to="/hub/home")
    expect(page).to_have_url(f"{place.hub.url}/hub/home")  # back to where they wanted to go
    expect(page.locator(".nd-who")).to_contain_text("ada")
    ada = place.user("ada")
    assert (sorted(ada["groups"]), ada["admin"]) == (["r-users", "staff"], False)
    page.goto("/hub/spawn")
    expect(page.locator("#spawn_form")).to_contain_text("R")  # an environment of r-users
    assert page.locator("[name=version][value^=r-base], [value^='r-base']").count() > 0


def test_whoever_calls_themselves_as_somebody_else_does_is_not_them(place: Place, window: Window) -> None:
    page = window()
    sign_in(page, place, "olga")
    who = page.locator(".nd-who summary").inner_text()
    assert re.fullmatch(r"ada-[0-9a-f]{6}", who)
    assert place.user(who)["groups"] == ["staff"]
    page.goto("/hub/spawn")
    assert page.locator("[value^='r-base']").count() == 0  # not of r-users


def test_whom_no_list_lets_in_reads_what_to_do(place: Place, window: Window, pictures: Path) -> None:
    page = window()
    sign_in(page, place, "eve")
    problem = page.locator("#sign-in-problem")
    expect(problem).to_contain_text("You are not on the list yet")
    expect(problem).to_contain_text("you are 'Eve'")
    expect(problem).to_contain_text("Ask an admin")
    page.screenshot(path=pictures / "sign-in-refused.png")
    assert place.hub.api("GET", "/users/eve").status_code == 404
    page.click("#as-somebody-else")  # the provider asks anew, although eve is signed in there
    page.wait_for_url(re.compile(re.escape(place.provider.issuer)))
    page.goto("/hub/home")
    expect(page).to_have_url(re.compile("/hub/login"))


def test_signing_out(place: Place, window: Window) -> None:
    page = window()
    sign_in(page, place, "ada")
    page.click(".nd-who summary")
    page.click("#logout")
    expect(page.locator("#signed-out")).to_contain_text("You are signed out")
    expect(page.locator("#end-session")).to_have_attribute(
        "href", re.compile(re.escape(place.provider.issuer))
    )
    page.goto("/hub/home")
    expect(page).to_have_url(re.compile("/hub/login"))


def test_somebody_who_is_disabled_here_is_out_although_the_provider_lets_them_in(
    place: Place, window: Window, pictures: Path
) -> None:
    inside = window()
    sign_in(inside, place, "ada")
    disabled = place.hub.api("PATCH", "/nightdesk/people/ada", json={"disabled": True})
    assert disabled.status_code == 200, disabled.text
    try:
        inside.goto("/hub/home")
        expect(inside).to_have_url(re.compile("/hub/login"))
        page = window()
        sign_in(page, place, "ada")
        expect(page.locator("body")).to_contain_text("Your account is disabled")
        page.screenshot(path=pictures / "sign-in-disabled.png")
        page.goto("/hub/home")
        expect(page).to_have_url(re.compile("/hub/login"))
    finally:
        place.hub.api("PATCH", "/nightdesk/people/ada", json={"disabled": False})
    page = window()
    sign_in(page, place, "ada")
    expect(page.locator(".nd-who")).to_contain_text("ada")


def test_an_admin_by_group_is_one_no_longer_when_the_group_is_lost(place: Place, window: Window) -> None:
    page = window()
    sign_in(page, place, "boss")
    assert place.user("boss")["admin"] is True
    page.goto("/hub/accounts")
    expect(page.locator("#accounts")).to_be_visible()
    token = place.hub.token("boss")
    assert place.hub.api("GET", "/users", headers=token).status_code == 200
    place.provider.members("chiefs", ["eve"])
    until("the group is lost", lambda: page.goto("/hub/home") and not place.user("boss")["admin"])
    assert place.user("boss")["groups"] == ["staff"]
    assert page.goto("/hub/accounts").status == 403  # type: ignore[union-attr]
    assert place.hub.api("GET", "/users", headers=token).status_code == 403  # the token lost it as well
    # Out of the group that let them in: the browser is out, and so are tokens.
    place.provider.members("staff", ["ada", "olga"])
    until("the person is out", lambda: "/hub/login" in (page.goto("/hub/home"), page.url)[1])
    assert place.hub.api("GET", "/user", headers=token).status_code in {401, 403}
    assert place.user("boss")["groups"] == []


def test_groups_of_the_provider_are_not_edited_here_and_those_of_admins_are_left_alone(
    place: Place, window: Window
) -> None:
    hub = place.hub
    sign_in(window(), place, "ada")
    refused = hub.api("POST", "/groups/staff/users", json={"users": ["admin"]})
    assert refused.status_code == 409
    assert "comes from Example Login and is changed there" in refused.json()["message"]
    assert hub.api("DELETE", "/groups/staff").status_code == 409
    assert hub.api("PUT", "/groups/staff/properties", json={}).status_code == 409
    assert hub.api("POST", "/groups/by-hand").status_code == 201
    assert hub.api("POST", "/groups/by-hand/users", json={"users": ["ada"]}).status_code == 200
    sign_in(window(), place, "ada")
    assert sorted(place.user("ada")["groups"]) == ["by-hand", "r-users", "staff"]


def test_admins_come_in_with_a_password_and_nobody_else(place: Place, window: Window, pictures: Path) -> None:
    place.hub.account("carl")
    page = window()
    page.goto("/hub/login")
    page.click("#by-password")
    page.screenshot(path=pictures / "sign-in-password.png")
    for name, password, told in (
        ("carl", "a long walk home", "Passwords are for admins here"),
        ("ada", "ada", "Invalid username or password"),
    ):
        page.fill("#username_input", name)
        page.fill("#password_input", password)
        page.click("#login_submit")
        expect(page.locator(".login_error")).to_contain_text(told)
    page.fill("#username_input", "admin")
    page.fill("#password_input", ADMIN_PASSWORD)
    page.click("#login_submit")
    page.wait_for_url("**/services/nightdesk/home")
    page.goto("/hub/accounts")
    expect(page.locator("#accounts")).to_be_visible()


# --- what nobody may do from outside ---------------------------------------------------------------


def started(place: Place, path: str = "/hub/oauth_login") -> tuple[requests.Session, dict[str, str]]:
    """A browser without pages that has set out for the provider, and what it is to say there."""
    session = requests.Session()
    answer = session.get(place.hub.url + path, allow_redirects=False, timeout=20)
    assert answer.status_code == 302, answer.text
    asked = {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    assert answer.headers["Location"].startswith(place.provider.issuer + "/oauth/authorize?")
    return session, asked


def test_what_the_provider_is_asked(place: Place) -> None:
    _, asked = started(place)
    assert asked["redirect_uri"] == f"{place.hub.url}/hub/oauth_callback"
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == set(SCOPES)
    assert len(asked["nonce"]) == 64
    _, other = started(place)
    assert {asked["state"], asked["nonce"], asked["code_challenge"]}.isdisjoint(other.values())


def test_the_callback_address_is_not_taken_from_the_request(place: Place) -> None:
    answer = requests.get(
        place.hub.url + "/hub/oauth_login",
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
        allow_redirects=False,
        timeout=20,
    )
    assert "evil.example" not in answer.headers["Location"]


@pytest.mark.parametrize("state", ["", "tampered", base64.urlsafe_b64encode(b'{"state_id": "0"}').decode()])
def test_a_state_that_is_not_this_browsers_is_refused(place: Place, state: str) -> None:
    session, _ = started(place)
    answer = session.get(
        place.hub.url + "/hub/oauth_callback", params={"state": state, "code": "x"}, timeout=20
    )
    assert answer.status_code == 400
    assert "was not started here" in answer.text
    bare = requests.get(
        place.hub.url + "/hub/oauth_callback", params={"state": state, "code": "x"}, timeout=20
    )
    assert bare.status_code == 400


def test_words_of_others_are_not_shown_as_ours(place: Place) -> None:
    words = {"error": "access_denied", "error_description": "Call 0123 at once"}
    assert "0123" not in requests.get(place.hub.url + "/hub/oauth_callback", params=words, timeout=20).text
    session, asked = started(place)
    words["state"] = asked["state"]
    answer = session.get(place.hub.url + "/hub/oauth_callback", params=words, timeout=20)
    assert answer.status_code == 403
    assert "was not completed" in answer.text
    assert "0123" not in answer.text


def test_a_code_that_the_provider_did_not_give_is_refused(place: Place) -> None:
    session, asked = started(place)
    answer = session.get(
        place.hub.url + "/hub/oauth_callback", params={"state": asked["state"], "code": "made-up"}, timeout=20
    )
    assert answer.status_code == 403
    assert "did not confirm this sign-in" in answer.text


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "https:evil.example",
        "\\\\evil.example",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(place: Place, window: Window, elsewhere: str) -> None:
    page = window()
    place_of_start = f"/hub/oauth_login?next={requests.utils.quote(elsewhere, safe='')}"
    page.goto(place_of_start)
    at_provider(page, place, "ada")
    assert page.url.startswith(place.hub.url + "/"), page.url


def test_while_the_provider_is_away(place: Place, window: Window, pictures: Path) -> None:
    page, other = window(), window()
    sign_in(page, place, "ada")
    session, asked = started(place)
    again = time.monotonic() + RECHECK_SECONDS
    place.provider.stop()
    try:
        # In the middle of a sign-in.
        answer = session.get(
            place.hub.url + "/hub/oauth_callback", params={"state": asked["state"], "code": "x"}, timeout=20
        )
        assert answer.status_code == 503
        # Who is here goes on, past the time at which the provider is asked again.
        until("the time to ask again", lambda: time.monotonic() > again)
        assert page.goto("/hub/home").status == 200  # type: ignore[union-attr]
        expect(page.locator(".nd-who")).to_contain_text("ada")
        # A hub that was started meanwhile knows nothing of the provider yet.
        place.hub.stop()
        place.hub.start(**place.variables)
        other.goto("/hub/login")
        other.click("#provider")
        expect(other.locator("#sign-in-problem")).to_contain_text("does not answer as it should")
        other.screenshot(path=pictures / "sign-in-away.png")
        assert page.goto("/hub/home").status == 200  # type: ignore[union-attr]
        other.click("text=sign in with a password")
        other.fill("#username_input", "admin")
        other.fill("#password_input", ADMIN_PASSWORD)
        other.click("#login_submit")
        other.wait_for_url("**/services/nightdesk/home")
    finally:
        place.provider.start()
    sign_in(window(), place, "ada")
