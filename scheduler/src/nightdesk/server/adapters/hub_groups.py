"""The port ``Groups`` over the hub's REST API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import urllib3

from nightdesk.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable
from nightdesk.server.ports.groups import Group

_PAGE = 200
_PAGED = "application/jupyterhub-pagination+json"
#: A group whose members come with the sign-in has this among its properties at the hub.
PROVIDER = "managed_by"


class HubGroups:
    """Acts with the token of whoever asks."""

    def __init__(self, api_url: str) -> None:
        self._url = f"{api_url.rstrip('/')}/groups"
        self._pool = urllib3.PoolManager(
            num_pools=2, maxsize=8, timeout=urllib3.Timeout(connect=2, read=10), retries=False
        )

    def listed(self, token: str) -> list[Group]:
        found: list[Group] = []
        offset: int | None = 0
        while offset is not None:
            page = self._ask("GET", token, f"?offset={offset}&limit={_PAGE}")
            try:
                found += [_group(model) for model in page["items"]]
                following = page["_pagination"]["next"]
                offset = None if following is None else int(following["offset"])
            except (LookupError, TypeError, AttributeError, ValueError) as error:
                raise Unavailable("the hub's answer cannot be read", "Look at the hub's log.") from error
        return sorted(found, key=lambda group: group.name)

    def make(self, token: str, name: str) -> None:
        self._ask("POST", token, _path(name), {})

    def remove(self, token: str, name: str) -> None:
        self._ask("DELETE", token, _path(name))

    def join(self, token: str, name: str, people: list[str]) -> None:
        self._ask("POST", token, f"{_path(name)}/users", {"users": people})

    def leave(self, token: str, name: str, people: list[str]) -> None:
        self._ask("DELETE", token, f"{_path(name)}/users", {"users": people})

    def _ask(self, method: str, token: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Accept": _PAGED, "Content-Type": "application/json"}
        try:
            answer = self._pool.request(
                method,
                f"{self._url}{path}",
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("the hub does not answer", "Try again in a moment.") from error
        if answer.status == 204:
            return None
        try:
            document = json.loads(answer.data)
        except ValueError as error:
            raise Unavailable("the hub's answer cannot be read", "Look at the hub's log.") from error
        if answer.status >= 400:
            words = document.get("message", "") if isinstance(document, dict) else ""
            raise _refusal(answer.status, str(words))
        return document


def _path(name: str) -> str:
    return f"/{quote(name, safe='')}"


def _group(model: dict[str, Any]) -> Group:
    provider = (model.get("properties") or {}).get(PROVIDER) or ""
    return Group(str(model["name"]), tuple(sorted(model.get("users") or ())), str(provider))


def _refusal(status: int, words: str) -> Exception:
    if status in {401, 403}:
        return NotAllowed(
            "this sign-in may not see or change groups",
            "Sign out and in again; a token needs the scopes admin:groups, groups and list:groups.",
        )
    if status == 404:
        return NotFound("there is no such group", "List them: `nightdesk group list`.")
    if status == 409:
        return Conflict("there is a group of this name already")
    if status == 400:
        return Invalid(words or "the hub does not accept this")
    return Unavailable(f"the hub answered {status}", "Try again in a moment.")
