"""A real hub with our package, over HTTP: accounts, pages, restarts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .hub_process import ADMIN_PASSWORD, PASSWORD, SECRETS, SETUP, Browser, Hub, until, words

# --- accounts -------------------------------------------------------------------------------------


def test_from_sign_up_to_a_session_page(hub: Hub, admin: Browser) -> None:
    visitor = Browser(hub.url)
    page = visitor.send("/hub/signup", username="Grace", password=PASSWORD, again=PASSWORD)
    assert "grace waits for an admin's approval" in words(page)
    early = visitor.send("/hub/login", username="grace", password=PASSWORD)
    assert early.status_code == 403
    assert "waits for an admin's approval" in words(early)
    assert 'data-account="grace"' in admin.get("/hub/accounts").text
    assert admin.send("/hub/accounts/grace/approve", on="/hub/accounts").status_code == 303
    grace = Browser(hub.url)
    signed_in = grace.send("/hub/login", username="grace", password=PASSWORD)
    assert (signed_in.status_code, signed_in.headers["Location"]) == (302, "/services/nightdesk/home")
    assert "Start a session" in words(grace.get("/hub/spawn"))
    assert grace.get("/hub/accounts").status_code == 403
    assert grace.get("/hub/api/nightdesk/accounts").status_code == 403
    assert admin.send("/hub/accounts/grace/remove", on="/hub/accounts").status_code == 303
    assert grace.get("/hub/home").headers["Location"].startswith("/hub/login")
    assert hub.api("GET", "/users/grace").status_code == 404


@pytest.mark.parametrize(
    ("fields", "status", "expected"),
    [
        ({"username": "x y", "password": PASSWORD, "again": PASSWORD}, 400, "A user name has"),
        ({"username": "admin", "password": PASSWORD, "again": PASSWORD}, 409, "is taken"),
        ({"username": "me", "password": PASSWORD, "again": PASSWORD}, 400, "reserved"),
        ({"username": "hedy", "password": "short", "again": "short"}, 400, "at least 10"),
        ({"username": "hedy", "password": PASSWORD, "again": PASSWORD + "!"}, 400, "not the same"),
    ],
)
def test_sign_up_says_what_is_wrong(hub: Hub, fields: dict[str, str], status: int, expected: str) -> None:
    page = Browser(hub.url).send("/hub/signup", **fields)
    assert page.status_code == status
    assert expected in words(page)


def test_forms_from_elsewhere_are_refused(hub: Hub, admin: Browser) -> None:
    fields = {"username": "hedy", "password": PASSWORD, "again": PASSWORD}
    page = Browser(hub.url).post("/hub/signup", fields)
    assert page.status_code == 403
    assert "too old or not from here" in words(page)
    assert admin.post("/hub/accounts/admin/remove", {}).status_code == 403
    assert admin.post("/hub/password", {"current": ADMIN_PASSWORD}).status_code == 403


def test_name_of_a_user_without_an_account_cannot_be_taken(hub: Hub) -> None:
    assert hub.api("POST", "/users/robot").status_code == 201
    robot = hub.token("robot")
    page = Browser(hub.url).send("/hub/signup", username="robot", password=PASSWORD, again=PASSWORD)
    assert page.status_code == 409
    assert hub.api("GET", "/user", headers=robot).json()["name"] == "robot"


def test_users_of_the_hubs_own_api_need_a_name_that_fits(hub: Hub) -> None:
    assert hub.api("POST", "/users/No--Good").status_code == 400
    assert hub.api("POST", "/users", json={"usernames": ["a--b"]}).status_code == 400


@pytest.mark.parametrize("name", ["vera", "nobody"])
@pytest.mark.security(9)
def test_guessing_locks_a_name_whether_somebody_has_it_or_not(hub: Hub, name: str) -> None:
    if name == "vera":
        hub.account("vera")
    browser = Browser(hub.url)
    answers = [browser.send("/hub/login", username=name, password="wrong") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert "Invalid username or password" in words(answers[0])
    assert re.search(r"Try again in \d+ seconds", words(answers[-1]))
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 30
    right = Browser(hub.url).send("/hub/login", username=name, password=PASSWORD)
    assert right.status_code == 429, "the right password does not open a locked name"


def test_a_new_password_by_an_admin_ends_the_lock(hub: Hub) -> None:
    hub.account("olive")
    for _ in range(6):
        locked = Browser(hub.url).send("/hub/login", username="olive", password="wrong")
    assert locked.status_code == 429
    new = hub.api("PATCH", "/nightdesk/accounts/olive", json={"password": "another long walk"})
    assert new.status_code == 200
    browser = Browser(hub.url)
    asked = browser.send("/hub/login", username="olive", password="another long walk")
    assert "Choose a password of your own" in words(asked)


def test_a_password_that_an_admin_gave_out_opens_nothing_but_the_choice_of_another(hub: Hub) -> None:
    hub.account("zora")
    given, own = "given out by an admin", "chosen by zora herself"
    assert hub.api("PATCH", "/nightdesk/accounts/zora", json={"password": given}).status_code == 200
    zora = Browser(hub.url)
    asked = zora.send("/hub/login?next=%2Fhub%2Ftoken", username="zora", password=given)
    assert "Choose a password of your own" in words(asked)
    assert zora.get("/hub/home").headers["Location"].startswith("/hub/login")  # nobody is signed in
    token = re.search(r'name="_xsrf" value="([^"]*)"', asked.text)
    assert token
    form = {"username": "zora", "current": given, "_xsrf": token[1]}
    new = "/hub/password/new?next=%2Fhub%2Ftoken"
    for current, password, again, told in (
        (given, given, given, "Choose another password than the one"),
        (given, "short", "short", "too short"),
        (given, own, own + "!", "not the same"),
        ("not that", own, own, "is not right"),
    ):
        answer = zora.post(new, {**form, "current": current, "password": password, "again": again})
        assert answer.status_code in {400, 403}
        assert told in words(answer)
    done = zora.post(new, {**form, "password": own, "again": own})
    assert (done.status_code, done.headers["Location"]) == (302, "/hub/token")
    assert zora.get("/hub/home").status_code == 200
    assert hub.sign_in("zora", own).get("/hub/home").status_code == 200
    assert hub.sign_in("zora", given).get("/hub/home").status_code == 302


def test_whoever_guesses_a_password_that_was_given_out_is_locked_out_as_ever(hub: Hub) -> None:
    hub.account("nora")
    browser = Browser(hub.url)
    token = re.search(r'name="_xsrf" value="([^"]*)"', browser.get("/hub/login").text)
    assert token
    form = {
        "username": "nora",
        "current": "a guess",
        "password": "x" * 12,
        "again": "x" * 12,
        "_xsrf": token[1],
    }
    answers = [browser.post("/hub/password/new", form).status_code for _ in range(6)]
    assert answers == [403] * 5 + [429]


def test_account_api(hub: Hub) -> None:
    body = {"name": "mary", "password": PASSWORD, "approved": False}
    made = hub.api("POST", "/nightdesk/accounts", json=body)
    assert made.status_code == 201
    assert made.json().keys() == {"name", "approved", "admin", "disabled", "created_at"}
    assert hub.api("POST", "/nightdesk/accounts", json=body).status_code == 409
    assert hub.api("GET", "/users/mary").status_code == 404  # no user of the hub before the approval
    approved = hub.api("PATCH", "/nightdesk/accounts/mary", json={"approved": True})
    assert approved.json()["approved"] is True
    listed = {each["name"]: each for each in hub.api("GET", "/nightdesk/accounts").json()}
    assert listed["admin"]["admin"] is True
    assert listed["mary"]["admin"] is False
    assert hub.api("DELETE", "/nightdesk/accounts/mary").status_code == 204
    assert hub.api("DELETE", "/nightdesk/accounts/mary").status_code == 404


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], "JSON object"),
        ({"name": "mary"}, "needs 'name' and 'password'"),
        ({"name": "mary", "password": PASSWORD, "admin": True}, "Unknown key 'admin'"),
        ({"name": "mary", "password": PASSWORD, "approved": "yes"}, "true or false"),
        ({"name": "100% Mary", "password": PASSWORD}, "A user name has"),
    ],
)
def test_account_api_says_what_is_wrong(hub: Hub, body: Any, expected: str) -> None:
    answer = hub.api("POST", "/nightdesk/accounts", json=body)
    assert answer.status_code == 400
    assert expected in answer.json()["message"]


def test_account_api_is_for_admins(hub: Hub) -> None:
    hub.account("joan")
    joan, service = hub.token("joan"), {"Authorization": "token token-of-service"}
    for headers in (joan, service, {}):
        for method, path in (("GET", ""), ("POST", ""), ("PATCH", "/admin"), ("DELETE", "/admin")):
            answer = hub.api(
                method, "/nightdesk/accounts" + path, headers=headers, json={"password": PASSWORD}
            )
            assert answer.status_code == 403, (method, path, headers)


def test_who_is_disabled_is_out_at_once(hub: Hub) -> None:
    hub.account("rosa")
    browser, token = hub.sign_in("rosa", PASSWORD), hub.token("rosa")
    assert hub.api("PATCH", "/nightdesk/accounts/rosa", json={"approved": False}).status_code == 200
    assert browser.get("/hub/home").status_code == 302
    assert hub.api("GET", "/user", headers=token).status_code == 403
    assert "Your account is disabled" in words(
        Browser(hub.url).send("/hub/login", username="rosa", password=PASSWORD)
    )


def test_changing_ones_password_signs_others_out(hub: Hub) -> None:
    hub.account("lise")
    here, there = hub.sign_in("lise", PASSWORD), hub.sign_in("lise", PASSWORD)
    wrong = here.send("/hub/password", current="nonsense", password="new long words", again="new long words")
    assert wrong.status_code == 403
    assert "current password is not right" in words(wrong)
    changed = here.send("/hub/password", current=PASSWORD, password="new long words", again="new long words")
    assert "It is changed" in words(changed)
    assert here.get("/hub/home").status_code == 200
    assert there.get("/hub/home").status_code == 302
    assert hub.sign_in("lise", "new long words").get("/hub/home").status_code == 200


def test_nobody_removes_themselves(admin: Browser) -> None:
    page = admin.send("/hub/accounts/admin/remove", on="/hub/accounts")
    assert page.status_code == 400
    assert "another admin can" in words(page)


# --- pages ----------------------------------------------------------------------------------------


def test_pages_are_ours_and_guarded(admin: Browser) -> None:
    page = admin.get("/hub/home")
    assert "<title>Our Desk</title>" in page.text
    assert 'href="/services/nightdesk/"' in page.text
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert admin.get("/hub/nightdesk/hub.css").status_code == 200
    assert admin.get("/hub/nightdesk/../configure.py").status_code in {403, 404}


@pytest.mark.parametrize(
    "path", ["/hub/home", "/hub/spawn", "/hub/token", "/hub/admin", "/hub/accounts", "/hub/password"]
)
def test_every_page_renders_and_loads_nothing_from_elsewhere(admin: Browser, path: str) -> None:
    page = admin.get(path)
    assert page.status_code == 200
    assert 'src="http' not in page.text
    assert 'rel="stylesheet" href="http' not in page.text


def test_no_open_redirect(hub: Hub) -> None:
    for bad in ("//evil.example", "https://evil.example/", "/\\evil.example", "///evil.example"):
        browser = Browser(hub.url)
        answer = browser.send(f"/hub/login?next={bad}", username="admin", password=ADMIN_PASSWORD)
        assert re.match(r"/(?![/\\])", answer.headers["Location"])


# --- restarts -------------------------------------------------------------------------------------


def test_admins_and_sign_ins_survive_a_restart(hub: Hub) -> None:
    hub.account("nina")
    assert hub.api("PATCH", "/users/nina", json={"admin": True}).status_code == 200
    nina = hub.sign_in("nina", PASSWORD)
    changed = hub.api(
        "PATCH", "/nightdesk/accounts/admin", json={"password": "changed by the admin", "must_change": False}
    )
    assert changed.status_code == 200
    hub.stop()
    hub.start()
    assert nina.get("/hub/accounts").status_code == 200
    assert hub.api("GET", "/users/nina").json()["admin"] is True
    assert hub.sign_in("admin", "changed by the admin").get("/hub/accounts").status_code == 200


@pytest.mark.security(22)
def test_a_replaced_service_token_is_void(hub: Hub) -> None:
    service = {"Authorization": "token token-of-service"}
    assert hub.api("GET", "/services/nightdesk", headers=SETUP).status_code == 200
    hub.stop()
    hub.start(NIGHTDESK_SERVICE_TOKEN="token-of-service-2", NIGHTDESK_SETUP_TOKEN="token-of-setup-2")
    for old, new in ((service, "token-of-service-2"), (SETUP, "token-of-setup-2")):
        # A moment after the hub answers, at the end of its start.
        until("the old one is void", lambda old=old: hub.api("GET", "/user", headers=old).status_code == 403)
        assert hub.api("GET", "/user", headers={"Authorization": f"token {new}"}).status_code == 200
    hub.stop()
    hub.start()


def test_an_admin_account_that_was_removed_does_not_come_back(hub: Hub) -> None:
    hub.account("maria")
    assert hub.api("PATCH", "/users/maria", json={"admin": True}).status_code == 200
    maria = hub.sign_in("maria", PASSWORD)
    assert maria.send("/hub/accounts/admin/remove", on="/hub/accounts").status_code == 303
    hub.stop()
    hub.start()
    assert hub.api("GET", "/users/admin").status_code == 404
    assert maria.get("/hub/accounts").status_code == 200


@pytest.mark.security(21)
def test_the_log_holds_no_secret(hub: Hub) -> None:
    assert not [secret for secret in SECRETS if secret in hub.log()]
