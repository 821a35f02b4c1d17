"""People who leave, at a real hub over HTTP. Engine and api are doubles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .hub_process import PASSWORD, Browser, Hub, until, words


def told(hub: Hub, name: str) -> list[tuple[str, Any]]:
    """What the api was told of somebody."""
    file: Path = hub.data / "told"
    news = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    return [(each["state"], each.get("heir") or each.get("number")) for each in news if each["name"] == name]


def change(hub: Hub, name: str, **body: Any) -> Any:
    return hub.api("PATCH", f"/nightdesk/people/{name}", json=body)


def running(hub: Hub, name: str) -> bool:
    servers = hub.api("GET", f"/users/{name}").json().get("servers", {})
    return any(server["ready"] for server in servers.values())


def test_who_is_disabled_is_out_in_every_way_and_may_come_back_to_nothing(hub: Hub) -> None:
    hub.account("vera")
    browser, token = hub.sign_in("vera", PASSWORD), hub.token("vera")
    assert hub.api("POST", "/users/vera/server", json={"environment": "python-data"}).status_code in {
        201,
        202,
    }
    until("the session is ready", lambda: running(hub, "vera"))
    answer = change(hub, "vera", disabled=True).json()
    assert (answer["disabled"], answer["leaving"]["settled"], answer["tokens"]) == (True, True, 0)
    assert answer["sessions"] == []
    assert browser.get("/hub/home").status_code == 302
    assert hub.api("GET", "/user", headers=token).status_code == 403
    refused = Browser(hub.url).send("/hub/login", username="vera", password=PASSWORD)
    assert refused.status_code == 403
    assert "Your account is disabled" in words(refused)
    start = hub.api("POST", "/users/vera/server", json={"environment": "python-data"})
    assert start.status_code in {403, 404}
    assert not running(hub, "vera")
    assert told(hub, "vera") == [("out", None)]
    new = hub.token("vera")  # an admin may make one, which is good for nothing
    assert hub.api("GET", "/user", headers=new).status_code == 403

    assert change(hub, "vera", disabled=False).json()["disabled"] is False
    assert told(hub, "vera") == [("out", None), ("back", None)]
    assert hub.api("GET", "/user", headers=token).status_code == 403
    assert hub.sign_in("vera", PASSWORD).get("/hub/home").status_code == 200
    assert not running(hub, "vera")


def test_somebody_who_is_disabled_while_their_session_starts_has_none(hub: Hub) -> None:
    hub.account("lou")
    asked = hub.api("POST", "/users/lou/server", json={"environment": "python-data"})
    assert asked.status_code in {201, 202}
    assert change(hub, "lou", disabled=True).json()["leaving"]["settled"] is True
    assert not running(hub, "lou")


def test_the_api_is_told_once_it_is_back_also_by_the_next_hub(hub: Hub) -> None:
    hub.account("theo")
    (hub.data / "api-away").touch()
    token = hub.token("theo")
    answer = change(hub, "theo", disabled=True).json()
    assert answer["leaving"]["settled"] is False
    assert hub.api("GET", "/user", headers=token).status_code == 403, "that does not wait"
    hub.stop()
    hub.start()
    assert Browser(hub.url).send("/hub/login", username="theo", password=PASSWORD).status_code == 403
    (hub.data / "api-away").unlink()
    until("the api was told", lambda: told(hub, "theo") == [("out", None)], 15)


def test_an_heir_sees_the_home_and_the_api_hears_who_it_is(hub: Hub) -> None:
    hub.account("anna")
    hub.account("otto")
    assert hub.api("POST", "/users/anna/server", json={"environment": "python-data"}).status_code in {
        201,
        202,
    }
    until("the session is ready", lambda: running(hub, "anna"))
    for wrong, status in (("anna", 400), ("nobody", 404)):
        assert change(hub, "anna", disabled=True, hand_over_to=wrong).status_code == status
    assert change(hub, "anna", disabled=True, hand_over_to="otto").status_code == 200
    assert told(hub, "anna") == [("out", "otto")]
    assert hub.api("GET", "/nightdesk/people/otto").json()["sees_homes_of"] == ["anna"]
    assert change(hub, "otto", disabled=True, hand_over_to="anna").status_code == 409, (
        "who is out takes nothing"
    )
    purge = hub.api("DELETE", "/nightdesk/people/anna?purge_home=1")
    assert purge.status_code == 409
    assert "otto" in purge.json()["message"]
    assert change(hub, "anna", disabled=False).status_code == 200
    assert hub.api("GET", "/nightdesk/people/otto").json()["sees_homes_of"] == []


@pytest.mark.parametrize("way", ["people", "accounts", "the hub's own"])
def test_the_next_of_a_name_inherits_nothing(hub: Hub, way: str) -> None:
    name = f"rita{len(way)}"
    hub.account(name)
    hub.api("POST", f"/groups/{name}-friends")
    hub.api("POST", f"/groups/{name}-friends/users", json={"users": [name]})
    token, home = hub.token(name), hub.api("GET", f"/nightdesk/people/{name}").json()["home"]
    address = {"people": f"/nightdesk/people/{name}", "accounts": f"/nightdesk/accounts/{name}"}
    gone = hub.api("DELETE", address.get(way, f"/users/{name}"))
    assert gone.status_code in {200, 204}

    def free() -> bool:
        return (
            hub.api("POST", "/nightdesk/accounts", json={"name": name, "password": PASSWORD}).status_code
            == 201
        )

    until("the name is free", free, 15)
    assert told(hub, name) == [("out", None), ("removed", 1)]
    assert hub.api("GET", "/user", headers=token).status_code == 403
    new = hub.api("GET", f"/nightdesk/people/{name}").json()
    assert new["groups"] == []
    assert (home, new["home"]) == (f"desk-home-{name}", f"desk-home-{name}--2")
    assert hub.sign_in(name, PASSWORD).get("/hub/home").status_code == 200


def test_nobody_takes_a_name_whose_owner_is_not_gone_yet(hub: Hub) -> None:
    hub.account("paul")
    (hub.data / "api-away").touch()
    answer = hub.api("DELETE", "/nightdesk/people/paul")
    assert (answer.status_code, answer.json()["removed"]) == (202, False)
    again = hub.api("POST", "/nightdesk/accounts", json={"name": "paul", "password": PASSWORD})
    assert again.status_code == 409
    assert "just being removed" in again.json()["message"]
    (hub.data / "api-away").unlink()
    until("paul is gone", lambda: hub.api("GET", "/nightdesk/people/paul").status_code == 404, 15)
    hub.account("paul")


def test_people_are_changed_by_admins_alone(hub: Hub) -> None:
    hub.account("joan")
    joan, service = hub.token("joan"), {"Authorization": "token token-of-service"}
    for headers in (joan, service, {}):
        for method in ("GET", "PATCH", "DELETE"):
            answer = hub.api(method, "/nightdesk/people/admin", headers=headers, json={"disabled": True})
            assert answer.status_code == 403, (method, headers)
    for body in ({}, {"disabled": "yes"}, {"disabled": False, "hand_over_to": "joan"}, {"x": 1}):
        assert change(hub, "joan", **body).status_code == 400
    assert change(hub, "nobody", disabled=True).status_code == 404


def test_the_last_admin_stays_one_whatever_is_asked(hub: Hub) -> None:
    def refused(name: str) -> None:
        for method, path, body in (
            ("PATCH", f"/users/{name}", {"admin": False}),
            ("DELETE", f"/users/{name}", None),
            ("PATCH", f"/nightdesk/people/{name}", {"disabled": True}),
            ("DELETE", f"/nightdesk/people/{name}", None),
            ("PATCH", f"/nightdesk/accounts/{name}", {"approved": False}),
            ("DELETE", f"/nightdesk/accounts/{name}", None),
        ):
            answer = hub.api(method, path, json=body)
            assert answer.status_code == 409, (method, path, answer.text)
            assert "is the last admin" in answer.json()["message"]
        assert hub.api("GET", f"/users/{name}").json()["admin"] is True

    refused("admin")
    assert hub.api("POST", "/users/robot", json={"admin": True}).status_code == 201
    refused("admin")  # a robot signs in nowhere
    hub.account("vice")
    assert hub.api("PATCH", "/users/vice", json={"admin": True}).status_code == 200
    assert hub.api("PATCH", "/users/admin", json={"admin": False}).status_code == 200
    refused("vice")
    assert hub.api("PATCH", "/users/admin", json={"admin": True}).status_code == 200
    assert hub.api("DELETE", "/users/robot").status_code == 204
    assert hub.api("DELETE", "/nightdesk/accounts/vice").status_code == 204
