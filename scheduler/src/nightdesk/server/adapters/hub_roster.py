"""The port ``Roster`` over the hub's REST API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import urllib3

from nightdesk.server.domain.audit import origin
from nightdesk.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable
from nightdesk.server.ports.roster import APPROVED, DISABLED, ELSEWHERE, WAITING, LiveSession, Member

_PAGE = 200
_PAGED = "application/jupyterhub-pagination+json"
_TRY_AGAIN = "Try again in a moment."


class HubRoster:
    """Acts at the hub with the token of whoever asks, and says from where they do."""

    def __init__(self, api_url: str, service_token: str = "") -> None:
        self._api = api_url.rstrip("/")
        self._service_token = service_token
        self._pool = urllib3.PoolManager(
            maxsize=8, timeout=urllib3.Timeout(connect=2, read=30), retries=False
        )

    def everybody(self, token: str) -> list[Member]:
        accounts = {str(each["name"]): each for each in self._ask(token, "GET", "/nightdesk/accounts") or []}
        members = [_member(user, accounts.get(user["name"])) for user in self._users(token)]
        known = {member.name for member in members}
        asked = [
            Member(name, account=_state(one), takes_home=bool(one.get("home")))
            for name, one in accounts.items()
            if name not in known
        ]
        return sorted([*members, *asked], key=lambda member: member.name)

    def approve(self, token: str, name: str) -> None:
        self._ask(token, "PATCH", f"/nightdesk/accounts/{quote(name, safe='')}", {"approved": True})

    def remove(self, token: str, name: str) -> None:
        self._ask(token, "DELETE", f"/nightdesk/accounts/{quote(name, safe='')}")

    def set_admin(self, token: str, name: str, admin: bool) -> None:
        self._ask(token, "PATCH", f"/users/{quote(name, safe='')}", {"admin": admin})

    def set_password(self, token: str, name: str, password: str) -> None:
        self._ask(token, "PATCH", f"/nightdesk/accounts/{quote(name, safe='')}", {"password": password})

    def stop_session(self, token: str, person: str, name: str) -> None:
        server = f"servers/{quote(name, safe='')}" if name else "server"
        try:
            self._ask(token, "DELETE", f"/users/{quote(person, safe='')}/{server}")
        except NotFound:
            return

    def live_sessions(self) -> list[LiveSession]:
        return [_session(each) for each in self._ask(self._service_token, "GET", "/nightdesk/sessions") or []]

    def _users(self, token: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        offset: int | None = 0
        while offset is not None:
            page = self._ask(token, "GET", f"/users?offset={offset}&limit={_PAGE}", accept=_PAGED)
            found += page["items"]
            following = page["_pagination"]["next"]
            offset = None if following is None else int(following["offset"])
        return found

    def _ask(
        self, token: str, method: str, path: str, body: Any = None, accept: str = "application/json"
    ) -> Any:
        where = origin.get()
        headers = {"Authorization": f"Bearer {token}", "Accept": accept, "X-Nightdesk-Means": where.means}
        if where.address:
            headers["X-Forwarded-For"] = where.address
        sent = None if body is None else json.dumps(body)
        try:
            answer = self._pool.request(method, f"{self._api}{path}", headers=headers, body=sent)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("the hub does not answer", _TRY_AGAIN) from error
        try:
            told = json.loads(answer.data) if answer.data else None
        except ValueError as error:
            raise Unavailable("the hub's answer cannot be read", "Look at the hub's log.") from error
        if answer.status < 300:
            return told
        words = str((told or {}).get("message") or f"the hub answered {answer.status}").rstrip(".")
        if answer.status in {401, 403}:
            raise NotAllowed(
                "the hub does not let you do this" if "scope" in words or answer.status == 401 else words,
                "Sign out and in again: what admins may do comes with signing in.",
            )
        if answer.status == 404:
            raise NotFound("there is nobody of that name")
        if answer.status == 409:
            raise Conflict(words)
        if answer.status < 500:
            raise Invalid(words)
        raise Unavailable(words, _TRY_AGAIN)


def _member(user: dict[str, Any], account: dict[str, Any] | None) -> Member:
    return Member(
        name=str(user["name"]),
        admin=bool(user.get("admin")),
        groups=tuple(sorted(user.get("groups") or ())),
        account=_state(account),
        takes_home=bool((account or {}).get("home")),
        last_seen=_seconds(user.get("last_activity")),
        sessions=tuple(user.get("servers") or ()),
    )


def _state(account: dict[str, Any] | None) -> str:
    if account is None:
        return ELSEWHERE
    if account.get("disabled"):
        return DISABLED
    return APPROVED if account.get("approved") else WAITING


def _session(each: dict[str, Any]) -> LiveSession:
    return LiveSession(
        person=str(each["person"]),
        name=str(each["name"]),
        environment=str(each["environment"]),
        version=str(each["version"]),
        size=str(each["size"]),
        ready=bool(each["ready"]),
        started_at=_seconds(each["started"]),
        idle_since=_seconds(each["last_activity"]),
        cpus=each["cpus"],
        cpu_limit=each["cpu_limit"],
        memory_bytes=each["memory_bytes"],
        memory_limit=each["memory_limit"],
    )


def _seconds(text: str | None) -> float | None:
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
