"""Everybody comes at once: fifty people sign in and start a server each, beside a stock hub."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support.people import join, leave
from tests.support.platform import Platform
from tests.support.waiting import until

from .figures import spread
from .images import OURS
from .stock_hub import stock_hub
from .stock_image import stock_image

PEOPLE = 50
SECONDS = 900  # until everybody has a server, or it counts as failed
LOOK_EVERY = 1.0
ASK_EVERY = 0.2
OPTIONS = {"environment": "python-data", "version": OURS.partition(":")[2], "size": "small"}


@dataclass(frozen=True)
class Visitor:
    """Somebody with an account; the token is for looking whether their server answers."""

    name: str
    password: str = field(repr=False)
    token: str = field(repr=False)


def morning(platform: Platform, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds until everybody's Lab answers, failed starts, and how the hub answered meanwhile; both hubs in turn."""
    say("building the stock image")
    with stock_image(folder) as stock, stock_hub(stock) as (address, token):
        say(f"{PEOPLE} people come to the stock hub")
        until(lambda: _answers(address), "the stock hub", 120)
        guests = [Visitor(f"guest-{number}", "any", token) for number in range(PEOPLE)]
        theirs = _arrive(address, guests, {}, token)
    with _members(platform) as members:
        say(f"{PEOPLE} people come to the platform")
        ours = _arrive(platform.address, members, OPTIONS, platform.setup_token)
    return {
        "people": PEOPLE,
        "nightdesk": ours,
        "stock": theirs,
        "ratio": ours["seconds"] / theirs["seconds"],
    }


@contextmanager
def _members(platform: Platform) -> Iterator[list[Visitor]]:
    made = [join(platform, f"morning-{number}") for number in range(PEOPLE)]
    try:
        yield [Visitor(one.name, one.password, one.token) for one in made]
    finally:
        for one in made:
            leave(platform, one.name)


def _arrive(address: str, people: list[Visitor], options: dict[str, str], token: str) -> dict[str, Any]:
    onlooker = Onlooker(address, people[0].name, token)
    onlooker.start()
    began = time.perf_counter()
    try:
        with ThreadPoolExecutor(len(people)) as pool:
            ready = list(pool.map(lambda one: _come(address, one, options, began), people))
    finally:
        onlooker.stop()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: _go(address, one, token), people))
    return {
        "seconds": max(seconds for seconds, _ in ready),
        "half": sorted(seconds for seconds, _ in ready)[len(ready) // 2],
        "failed": sum(failed for _, failed in ready),
        "answers": spread(onlooker.taken),
        "unanswered": onlooker.failed,
    }


def _come(address: str, person: Visitor, options: dict[str, str], began: float) -> tuple[float, int]:
    """Sign in on the page, ask for a server, wait for Lab; seconds since `began`, and starts that failed."""
    with _browser() as web:
        page = f"{address}/hub/login"
        web.get(page, timeout=SECONDS)
        form = {"username": person.name, "password": person.password, "_xsrf": web.cookies.get("_xsrf")}
        signed_in = web.post(page, data=form, timeout=SECONDS, allow_redirects=False)
        assert signed_in.status_code == 302, f"{person.name}: {signed_in.status_code}"
        failed = -1
        while time.perf_counter() - began < SECONDS:
            if _idle(address, person):  # not asked yet, or the start has failed
                failed += 1
                _ask(web, f"{address}/hub/api/users/{person.name}/server", options)
            time.sleep(LOOK_EVERY)
            if _lab_answers(address, person):
                return time.perf_counter() - began, failed
    raise AssertionError(f"{person.name} has no server after {SECONDS} s")


def _ask(web: requests.Session, url: str, options: dict[str, str]) -> None:
    xsrf = {"X-XSRFToken": web.cookies.get("_xsrf", path="/hub/") or ""}
    asked = web.post(url, json=options, headers=xsrf, timeout=SECONDS)
    assert asked.status_code in {201, 202, 400, 429, 503}, f"{url}: {asked.status_code} {asked.text[:300]}"


def _idle(address: str, person: Visitor) -> bool:
    with _browser(person.token) as web:
        user = web.get(f"{address}/hub/api/users/{person.name}", timeout=SECONDS).json()
    return not user.get("servers") and not user.get("pending")


def _lab_answers(address: str, person: Visitor) -> bool:
    with _browser(person.token) as web:
        answer = web.get(f"{address}/user/{person.name}/lab", timeout=SECONDS, allow_redirects=False)
    return answer.status_code == 200


def _go(address: str, person: Visitor, token: str) -> None:
    """End the server, outside of the time that counts."""
    with _browser(token) as web:
        web.delete(f"{address}/hub/api/users/{person.name}/server", timeout=SECONDS)
        until(lambda: _idle(address, person), f"the end of {person.name}'s server", SECONDS)


def _answers(address: str) -> bool:
    with _browser() as web:
        try:
            return web.get(f"{address}/hub/api/", timeout=10).status_code == 200
        except requests.RequestException:
            return False


def _browser(token: str | None = None) -> requests.Session:
    web = requests.Session()
    web.trust_env = False
    if token:
        web.headers["Authorization"] = f"token {token}"
    return web


class Onlooker(threading.Thread):
    """Asks the hub's API about somebody, five times a second until it is told to stop."""

    def __init__(self, address: str, name: str, token: str) -> None:
        super().__init__(name="onlooker", daemon=True)
        self._url = f"{address}/hub/api/users/{name}"
        self._web = _browser(token)
        self._stopped = threading.Event()
        self.taken: list[float] = []
        self.failed = 0

    def run(self) -> None:
        """The thread."""
        while not self._stopped.wait(ASK_EVERY):
            began = time.perf_counter()
            status = self._web.get(self._url, timeout=SECONDS).status_code
            self.taken.append(time.perf_counter() - began)
            self.failed += status not in {200, 404}  # a stock hub does not know them before they sign in

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()
        self.join()
        self._web.close()
