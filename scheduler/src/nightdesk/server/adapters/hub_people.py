"""The port ``People`` over the hub's REST API, with a short memory."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

import urllib3

from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.ports.people import Session

_REMEMBER_SECONDS = 5.0
_REMEMBER_COUNT = 10_000
_PAGE = 200  # users that the hub tells of at once
_PAGED = "application/jupyterhub-pagination+json"


class HubPeople:
    """Asks the hub with the person's own token, so that the hub decides what the token may do."""

    def __init__(self, api_url: str, service: str = "nightdesk", service_token: str = "") -> None:
        self._api = api_url.rstrip("/")
        self._url = f"{self._api}/user"
        self._service_token = service_token
        self._scope = f"access:services!service={service}"
        self._pool = urllib3.PoolManager(
            num_pools=4, maxsize=16, timeout=urllib3.Timeout(connect=2, read=10), retries=False
        )
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Person | None]] = {}
        self._changes = 0

    def remembered(self, token: str) -> Person | None:
        known = self._recall(_digest(token))
        return None if known is None else known[1]

    def of_token(self, token: str) -> Person | None:
        name = _digest(token)
        known = self._recall(name)
        if known is not None:
            return known[1]
        changes = self._changes
        person = self._ask(token)
        with self._lock:
            if len(self._known) >= _REMEMBER_COUNT:
                self._known.clear()
            if changes == self._changes:  # else the answer may be from before a change: good for this once
                self._known[name] = (time.monotonic() + _REMEMBER_SECONDS, person)
        return person

    @property
    def changes(self) -> int:
        return self._changes

    def forget(self, name: str = "") -> None:
        with self._lock:
            self._changes += 1
            if not name:
                self._known.clear()
                return
            theirs = [key for key, (_, person) in self._known.items() if person and person.name == name]
            for key in theirs:
                del self._known[key]

    def person(self, name: str) -> Person | None:
        answer = self._service(f"/users/{quote(name, safe='')}")
        return None if answer.status == 404 else _person(_good(answer))

    def people(self) -> list[Person]:
        found: list[Person] = []
        offset: int | None = 0
        while offset is not None:
            page = _good(self._service("/users", offset=str(offset), limit=str(_PAGE)))
            found += [_person(user) for user in page["items"]]
            offset = _following(page)
        return found

    def sessions(self, of: str | None = None) -> list[Session]:
        if of is not None:
            answer = self._service(f"/users/{quote(of, safe='')}")
            return [] if answer.status == 404 else _sessions({"items": [_good(answer)]})
        found: list[Session] = []
        offset: int | None = 0
        while offset is not None:
            page = _good(self._service("/users", state="active", offset=str(offset), limit=str(_PAGE)))
            found += _sessions(page)
            offset = _following(page)
        return found

    def _service(self, path: str, **fields: str) -> urllib3.BaseHTTPResponse:
        """What the hub answers the platform itself."""
        try:
            return self._pool.request(
                "GET",
                f"{self._api}{path}",
                fields=fields,
                headers={"Authorization": f"Bearer {self._service_token}", "Accept": _PAGED},
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                "the hub does not say which sessions there are", "Try again in a moment."
            ) from error

    def _recall(self, name: str) -> tuple[float, Person | None] | None:
        with self._lock:
            known = self._known.get(name)
        return known if known is not None and known[0] > time.monotonic() else None

    def _ask(self, token: str) -> Person | None:
        if not token.isascii() or not token.isprintable():
            return None
        try:
            answer = self._pool.request("GET", self._url, headers={"Authorization": f"Bearer {token}"})
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                "the hub does not answer, so nobody can be signed in", "Try again in a moment."
            ) from error
        if answer.status in {401, 403, 404}:
            return None
        body = _good(answer)
        with _readable():
            if body.get("kind", "user") != "user" or not self._may_use(body.get("scopes", [])):
                return None
        return _person(body)

    def _may_use(self, scopes: list[str]) -> bool:
        return any(scope in {"access:services", self._scope} for scope in scopes)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        raise Unavailable("the hub's answer cannot be read", "Look at the hub's log.") from error


def _good(answer: urllib3.BaseHTTPResponse) -> Any:
    """The document of a good answer."""
    if answer.status != 200:
        raise Unavailable(f"the hub answered {answer.status}", "Try again in a moment.")
    with _readable():
        return json.loads(answer.data)


def _person(user: Any) -> Person:
    with _readable():
        return Person(str(user["name"]), bool(user.get("admin")), tuple(user.get("groups", [])))


def _following(page: Any) -> int | None:
    """Where the next page of a list begins."""
    with _readable():
        following = page["_pagination"]["next"]
        return None if following is None else int(following["offset"])


def _sessions(page: Any) -> list[Session]:
    with _readable():
        return [
            _session(user["name"], server, tuple(user.get("groups", [])))
            for user in page["items"]
            for server in user["servers"].values()
        ]


def _session(person: str, server: dict[str, Any], groups: tuple[str, ...]) -> Session:
    """A session out of the hub's answer. What it was started with stands in its options."""
    options = server.get("user_options") or {}
    started = server.get("started")
    return Session(
        person,
        str(server.get("name") or ""),
        str(options.get("environment") or ""),
        str(options.get("version") or ""),
        datetime.fromisoformat(started).timestamp() if started else None,
        str(options.get("size") or ""),
        groups,
    )
