"""A real hub with our package, over HTTP: what is started, and what happens while it runs. The engine is a double."""

from __future__ import annotations

from typing import Any

import pytest

from .hub_process import PASSWORD, SECRETS, Browser, Hub, until, words


def server(hub: Hub, user: str, name: str = "") -> dict[str, Any] | None:
    """A running session as the hub knows it."""
    found = hub.api("GET", f"/users/{user}").json().get("servers", {}).get(name)
    return found if found and found["ready"] else None


def started(hub: Hub, user: str, **options: str) -> None:
    if not server(hub, user):
        assert hub.api("POST", f"/users/{user}/server", json=options).status_code in {201, 202}
        until("the session is ready", lambda: server(hub, user))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image": "debian:trixie-slim"}, "'image' is not an option"),
        (
            {"version": "python-data:2026.11.1", "size": "small", "image": "debian"},
            "'image' is not an option",
        ),
        ({"version": "evil:1", "size": "small"}, "There is no environment 'evil'"),
        ({"version": "python-data:2026.11.1", "size": "huge"}, "On offer: small, medium"),
    ],
)
@pytest.mark.parametrize("path", ["/hub/spawn", "/hub/spawn/ada/side"])
def test_start_page_refuses_what_is_not_offered(
    hub: Hub, path: str, fields: dict[str, str], expected: str
) -> None:
    if hub.api("GET", "/nightdesk/accounts").text.find('"ada"') < 0:
        hub.account("ada")
    page = hub.sign_in("ada", PASSWORD).start(path, **fields)
    assert page.status_code == 400
    assert expected in words(page)
    assert not server(hub, "ada")


@pytest.mark.parametrize(
    "options",
    [
        {"image": "debian:trixie-slim"},
        {"environment": "python-data", "image": "debian:trixie-slim"},
        {"environment": "python-data", "version": "sha256:" + "2" * 64},
        {"mem_limit": "100G"},
        {"volumes": {"/": "/host"}},
    ],
)
@pytest.mark.parametrize("path", ["/users/eve/server", "/users/eve/servers/side"])
def test_rest_refuses_what_is_not_offered(hub: Hub, path: str, options: dict[str, Any]) -> None:
    if hub.api("GET", "/users/eve").status_code == 404:
        hub.account("eve")
    eve = hub.token("eve")
    for body in (options, {"display_name": "side", "user_options": options}):
        answer = hub.api("POST", path, headers=eve, json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["message"]
    # Options that were only stored are looked at as well when the session starts.
    hub.api("PATCH", path, headers=eve, json={"user_options": options})
    assert hub.api("POST", path, headers=eve).status_code == 400


def test_a_link_starts_nothing_and_marks_its_choice(hub: Hub, admin: Browser) -> None:
    page = admin.get("/hub/spawn?version=python-data:2026.10.1&size=small")
    assert page.status_code == 200
    assert 'value="python-data:2026.10.1" required checked' in page.text
    assert 'value="small" required checked' in page.text
    assert not server(hub, "admin")


def test_a_missing_image_is_said(hub: Hub) -> None:
    hub.account("emmy")
    answer = hub.api("POST", "/users/emmy/server", json={"environment": "r-base"})
    assert answer.status_code == 503
    assert "The image of r-base:4.5 is not on this machine any more" in answer.json()["message"]


def test_a_session_of_its_own(hub: Hub) -> None:
    hub.account("sofia")
    sofia = hub.sign_in("sofia", PASSWORD)
    answer = sofia.start(version="python-data:2026.10.1", size="small")
    assert answer.status_code == 302
    until("the session is ready", lambda: server(hub, "sofia"))
    assert hub.proxy.routes["/user/sofia"]["target"].startswith("http://127.0.0.1:")
    home = words(sofia.get("/hub/home"))
    assert "python-data 2026.10.1, small" in home
    assert "python-data:2026.10.1 runs here; stable is 2026.11.1 now" in home
    # A new start without options takes the last choice.
    assert hub.api("DELETE", "/users/sofia/server").status_code in {202, 204}
    until("it has ended", lambda: not server(hub, "sofia"))
    assert 'value="python-data:2026.10.1" required checked' in sofia.get("/hub/spawn").text
    # Removing the account ends what runs.
    started(hub, "sofia")
    assert hub.api("DELETE", "/nightdesk/accounts/sofia").status_code == 204
    assert "/user/sofia" not in hub.proxy.routes


def test_what_happens_while_a_session_runs(hub: Hub) -> None:
    """In one story, because a session's port exists once: away engine, new proxy, out of memory, away api."""
    hub.account("ida")
    hub.api("DELETE", "/nightdesk/accounts/ada")
    hub.account("ada")
    started(hub, "ada", environment="python-data", size="small")

    (hub.data / "engine-away").touch()
    until("the hub has asked in vain", lambda: "cannot ask the engine about ada" in hub.log())
    assert server(hub, "ada"), "a session is not given up because the engine does not answer"
    refused = hub.api("POST", "/users/ida/server")
    assert refused.status_code == 503
    assert "engine did not start your session" in refused.json()["message"]
    (hub.data / "engine-away").unlink()

    hub.proxy.routes.clear()
    until(
        "a new proxy knows all routes",
        lambda: hub.proxy.routes.keys() >= {"/", "/user/ada", "/services/nightdesk"},
        10,
    )
    assert list(hub.proxy.routes)[-1] == "/", "the hub's own is the last that it is told"

    hub.account("olga")
    (hub.data / "api-away").touch()
    ada = hub.sign_in("ada", PASSWORD)
    (hub.data / "oom").touch()
    until("its end is noticed", lambda: not server(hub, "ada"), 10)
    page = words(ada.get("/hub/spawn"))
    assert "Your last session ran out of memory (its limit is 1 GiB)" in page
    assert "Python for data" in page, "the last offers do while the api is away"
    assert "cannot be reached just now" in words(hub.sign_in("olga", PASSWORD).get("/hub/spawn"))
    (hub.data / "api-away").unlink()


@pytest.mark.security(21)
def test_the_log_holds_no_secret(hub: Hub) -> None:
    assert not [secret for secret in SECRETS if secret in hub.log()]
