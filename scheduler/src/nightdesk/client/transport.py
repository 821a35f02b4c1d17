"""Requests to the platform and to its hub, and what their answers mean."""

from __future__ import annotations

import json
import time

from nightdesk.client.address import Address, quote
from nightdesk.client.errors import BY_STATUS, BadAnswer, NightdeskError, Refused, Unreachable
from nightdesk.client.http import Connection
from nightdesk.client.response import not_nightdesk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from nightdesk.client.http import Body
    from nightdesk.client.login import Login
    from nightdesk.client.response import Response

API_PATH = "/api/v1"
_DIRECT = {"X-Nightdesk-Direct": "yes"}
_DIRECT_SECONDS = 2.0  # whoever is not in reach by then is no faster than the platform


class Transport:
    """One connection with the rights of one login."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self._connection = Connection(login.address)
        self._direct = True  # until the bucket that one is sent to turned out to be out of reach from here

    def close(self) -> None:
        self._connection.close()

    def json(self, method: str, *path: str, **how: Any) -> Any:
        """As `open`; the answer read as JSON."""
        return read_json(self.open(method, *path, **how))

    def open(self, method: str, *path: str, base: str | None = None, **how: Any) -> Response:
        """Send a request and return its answer when that is good. Raises Unreachable, Refused.

        The first part of `path` goes as it is, the others are escaped. `base` is where the interface
        stands (default: the platform's own). `how`: query, headers, body, json.
        """
        return self._good(self._request(method, self._target(path, base), **how))

    def fetch(
        self, *path: str, query: Mapping[str, Any], part: Mapping[str, str], left: int | None
    ) -> Response:
        """As `open` for GET of `left` bytes: from the bucket that holds them, where that is in reach from here."""
        if self._direct and left is not None:
            response = self._request("GET", self._target(path), query=query, headers={**part, **_DIRECT})
            if response.status != 307:
                return self._good(response)
            response.read()
            try:
                return _elsewhere(response.headers.get("location", ""), part, left)
            except NightdeskError:
                self._direct = False
        return self.open("GET", *path, query=query, headers=part)

    def _target(self, path: tuple[str, ...], base: str | None = None) -> str:
        target = (self.login.address.path + API_PATH if base is None else base) + path[0]
        return target + "".join("/" + quote(part) for part in path[1:])

    def _good(self, response: Response) -> Response:
        if 200 <= response.status < 300:
            return response
        raise self._refused(response)

    def _request(
        self,
        method: str,
        target: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | bytes = b"",
        json: Any = None,
    ) -> Response:
        given = [(name, str(value)) for name, value in (query or {}).items() if value is not None]
        if given:
            target += "?" + "&".join(f"{name}={quote(value)}" for name, value in given)
        sent = {"Accept": "application/json", "User-Agent": "nightdesk"}
        if self.login.token:
            sent["Authorization"] = f"Bearer {self.login.token}"
        if json is not None:
            body = _encoded(json)
            sent["Content-Type"] = "application/json"
        # A line that the server has closed meanwhile took nothing, and repeating a read does no harm.
        return self._connection.request(
            method, target, {**sent, **(headers or {})}, body, repeatable=method == "GET"
        )

    def clock_skew(self) -> float | None:
        """By how many seconds the platform's clock is ahead of ours; None where it does not say."""
        import calendar

        before = time.time()
        response = self._request("GET", self.login.address.path + API_PATH + "/health")
        response.read()
        try:
            # RFC 9110, 5.6.7: always GMT, to the second.
            there = time.strptime(response.headers.get("date", ""), "%a, %d %b %Y %H:%M:%S GMT")
        except ValueError:
            return None
        ours = (before + time.time()) / 2
        return calendar.timegm(there) + 0.5 - ours

    def _refused(self, response: Response) -> Refused | Unreachable:
        """What a status other than 2xx means, in the words of whoever answered."""
        address = self.login.address
        if 300 <= response.status < 400:
            response.close()
            where = response.headers.get("location", "somewhere else")
            return BadAnswer(
                f"{address} sends its callers on to {where}",
                "Use the address that you end up at in the browser: nightdesk login URL",
            )
        code, message, hint, field = _words(response.read())
        if response.status in (502, 503, 504):
            return Unreachable(
                message or f"the platform at {address} is not ready (status {response.status})",
                hint
                or "It may be starting or being upgraded: try again in a minute; `nightdesk doctor` says more.",
            )
        if response.status == 401:
            message = message or "the platform does not accept this token"
            message += f" (the token is from {self.login.source})"
            hint = f"sign in: nightdesk login {address}"
            if address.socket is not None:
                hint = "A run's token is good until the run ends."
        if not message and response.status == 404:
            return not_nightdesk(address, "it does not know the page")
        return BY_STATUS.get(response.status, Refused)(
            message or f"the platform answered with status {response.status}",
            hint or ("Try again; if it stays so, tell your admin." if response.status >= 500 else None),
            status=response.status,
            code=code,
            field=field,
        )


def _elsewhere(url: str, part: Mapping[str, str], left: int) -> Response:
    """What is at a signed address; nothing of the login goes there. Raises NightdeskError: it cannot be had from here."""
    wanted = {name: value for name, value in part.items() if name == "Range"}
    address = Address.parse(url)
    target = "/" + url.partition("://")[2].partition("/")[2]
    line = Connection(address, _DIRECT_SECONDS)
    response = line.request("GET", target, {**wanted, "Connection": "close"})
    if (response.status, response.headers.get("content-length")) != (206 if wanted else 200, str(left)):
        response.close()
        raise not_nightdesk(address, f"it answers {response.status}")
    return response


def read_json(response: Response) -> Any:
    """The body of an answer; None where it is empty. Raises BadAnswer."""
    body = response.read()
    if not body and response.status != 200:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadAnswer(
            "what answered is not Nightdesk: the answer is no JSON",
            "Check the address; it ends in /services/nightdesk.",
        ) from error


def _encoded(data: Any) -> bytes:
    return json.dumps(data, allow_nan=False).encode()


def _words(body: bytes) -> tuple[str, str | None, str | None, str | None]:
    """Code, message, hint and field of an error body, ours or the hub's."""
    try:
        data = json.loads(body)
        error = data.get("error")
        if isinstance(error, dict):
            return str(error.get("code") or ""), error.get("message"), error.get("hint"), error.get("field")
        return "", data.get("message"), data.get("hint"), None  # {"status": 403, "message": "…"}
    except (ValueError, AttributeError):
        return "", None, None, None
