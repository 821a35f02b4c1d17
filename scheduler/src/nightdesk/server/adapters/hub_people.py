"""The port ``People`` over the hub's REST API, with a short memory."""

from __future__ import annotations

import hashlib
import json
import threading
import time

import urllib3

from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.person import Person

_REMEMBER_SECONDS = 5.0
_REMEMBER_COUNT = 10_000


class HubPeople:
    """Asks the hub with the person's own token, so that the hub decides what the token may do."""

    def __init__(self, api_url: str, service: str = "nightdesk") -> None:
        self._url = api_url.rstrip("/") + "/user"
        self._scope = f"access:services!service={service}"
        self._pool = urllib3.PoolManager(
            num_pools=4, maxsize=16, timeout=urllib3.Timeout(connect=2, read=10), retries=False
        )
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Person | None]] = {}

    def remembered(self, token: str) -> Person | None:
        known = self._recall(_digest(token))
        return None if known is None else known[1]

    def of_token(self, token: str) -> Person | None:
        name = _digest(token)
        known = self._recall(name)
        if known is not None:
            return known[1]
        person = self._ask(token)
        with self._lock:
            if len(self._known) >= _REMEMBER_COUNT:
                self._known.clear()
            self._known[name] = (time.monotonic() + _REMEMBER_SECONDS, person)
        return person

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
        if answer.status != 200:
            raise Unavailable(f"the hub answered {answer.status}", "Try again in a moment.")
        try:
            body = json.loads(answer.data)
            if body.get("kind", "user") != "user" or not self._may_use(body.get("scopes", [])):
                return None
            return Person(str(body["name"]), bool(body.get("admin")), tuple(body.get("groups", [])))
        except (ValueError, AttributeError, LookupError, TypeError) as error:
            raise Unavailable("the hub's answer cannot be read", "Look at the hub's log.") from error

    def _may_use(self, scopes: list[str]) -> bool:
        return any(scope in {"access:services", self._scope} for scope in scopes)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
