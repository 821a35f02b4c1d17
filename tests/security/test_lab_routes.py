"""The routes by which Lab reaches the platform, on a person's own server: for that person, and not for forged requests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..support.people import Person, Session
from ..support.platform import Platform
from .conftest import Alice, Signed

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
RUN, SCHEDULE = "api/runs/k7m2x9qh4tfd", "api/schedules/k7m2x9qh4tfd"
CHANGES = (
    *("submit", "schedule", "inspect", "folder", f"{RUN}/cancel", f"{RUN}/retry"),
    *("api/schedules/preview", f"{SCHEDULE}/pause", f"{SCHEDULE}/resume", f"{SCHEDULE}/run"),
)


@pytest.mark.security(10)
def test_a_change_by_way_of_lab_needs_the_pages_own_value(
    web_of_bob: Signed, bobs_session: Session, tried: Say
) -> None:
    del bobs_session
    web_of_bob.at(
        "/user/bob/lab", follow=True
    )  # signs in to the server, whose cookies come along from now on
    assert web_of_bob.at("/user/bob/nightdesk/about").status_code == 200
    for path in CHANGES:
        for headers in ({}, {"X-XSRFToken": "guessed"}, {"Origin": "https://evil.example"}):
            answer = web_of_bob.call("POST", f"/user/bob/nightdesk/{path}", json={}, headers=headers)
            assert answer.status_code in {403, 404}, (path, headers, answer.status_code)
            assert "no file is named" not in answer.text
    tried(
        "handing over, looking, cancelling and running again by way of Lab, with the cookies and without the value"
    )


@pytest.mark.security(2)
def test_by_way_of_lab_somebody_elses_run_is_not_there(
    platform: Platform, alice: Alice, bob: Person, bobs_session: Session
) -> None:
    del bobs_session
    with Signed(platform) as web:
        for method, path in (
            ("GET", f"api/runs/{alice.run}"),
            ("GET", f"api/runs/{alice.run}/outputs"),
            ("GET", f"notebook/{alice.run}"),
            ("POST", f"api/runs/{alice.run}/cancel"),
            ("POST", f"api/runs/{alice.run}/retry"),
        ):
            answer = ask(web, bob, method, path)
            assert answer == 404, (method, path, answer)
        for path in ("api/user", "api/sessions", "api/runs/../sessions", f"api/runs/{alice.run}/log"):
            assert ask(web, bob, "GET", path) in {400, 404}, f"{path} is not passed on"
        assert ask(web, bob, "POST", "submit", {"path": "../../etc/passwd"}) == 404
        assert ask(web, bob, "POST", "folder", {"path": "x.ipynb", "ignore": 5}) == 400


def ask(web: Signed, person: Person, method: str, path: str, body: object = None) -> int:
    headers = {"Authorization": f"token {person.token}"}
    address = f"/user/{person.name}/nightdesk/{path}"
    return web.call(method, address, headers=headers, json=body or {}).status_code
