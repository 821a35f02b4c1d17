"""Images and sessions beside stock ones: size, time from the click to Lab, time of a build with one change."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.support.people import join, leave
from tests.support.platform import Platform
from tests.support.waiting import until

from .rounds import race
from .stock_hub import stock_hub
from .stock_image import megabytes, rebuilding, stock_image

ROUNDS = 5
OURS = "nightdesk/python-data:2026.12.1"
SECONDS = 120


class Session:
    """From asking a hub for a session until Lab's page answers; it is ended outside of the time that counts."""

    def __init__(self, name: str, address: str, user: str, token: str, options: dict[str, str]) -> None:
        self.name = name
        self._address, self._user, self._options = address, user, options
        self._web = requests.Session()
        self._web.trust_env = False
        self._web.headers["Authorization"] = f"token {token}"

    def hub(self, method: str, path: str, **how: Any) -> requests.Response:
        """The hub's API."""
        return self._web.request(method, f"{self._address}/hub/api{path}", timeout=SECONDS, **how)

    def __call__(self) -> None:
        asked = self.hub("POST", f"/users/{self._user}/server", json=self._options)
        assert asked.status_code in {201, 202}, asked.text
        deadline = time.monotonic() + SECONDS
        while not self._lab_answers():
            assert time.monotonic() < deadline, f"{self.name}: no Lab within {SECONDS} s"
            time.sleep(0.05)

    def _lab_answers(self) -> bool:
        answer = self._web.get(
            f"{self._address}/user/{self._user}/lab", timeout=SECONDS, allow_redirects=False
        )
        return answer.status_code == 200

    def end(self) -> None:
        """Stop it and wait until it is gone."""
        self.hub("DELETE", f"/users/{self._user}/server")
        until(
            lambda: not self.hub("GET", f"/users/{self._user}").json()["servers"],
            "the end of a session",
            SECONDS,
        )


def images(platform: Platform, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """All of it. What is made for it is removed."""
    say("building the stock image")
    with stock_image(folder) as stock:
        ours, theirs = megabytes(OURS), megabytes(stock)
        found: dict[str, Any] = {"megabytes": {"nightdesk": ours, "stock": theirs, "ratio": ours / theirs}}
        found["rounds"], found["seconds"] = ROUNDS, _sessions(platform, stock, say)
    found["rebuilding"] = rebuilding(folder, "nightdesk/base:latest", say)
    return found


def _sessions(platform: Platform, stock: str, say: Callable[[str], None]) -> list[dict[str, Any]]:
    person = join(platform, "bench-session")
    options = {"environment": "python-data", "version": OURS.partition(":")[2], "size": "medium"}
    try:
        with stock_hub(stock) as (address, token):
            theirs = Session("JupyterHub with DockerSpawner, stock", address, "bench", token, {})
            ours = Session("nightdesk", platform.address, person.name, person.token, options)
            until(lambda: _made(theirs), "the stock hub", SECONDS)
            say(f"{ROUNDS} rounds of a session each")
            return race([theirs, ours], ROUNDS, say, Session.end)
    finally:
        leave(platform, person.name)


def _made(hub: Session) -> bool:
    """Is the stock hub there, and does it know the person now?"""
    try:
        return hub.hub("POST", "/users/bench").status_code in {201, 409}
    except requests.RequestException:
        return False
