"""The hub's side of the platform's double: accounts, and tokens of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from .platform_double import Platform

ACCOUNTS = "/hub/api/nightdesk/accounts"
PEOPLE = "/hub/api/nightdesk/people/"


def hub(platform: Platform, method: str, path: str, user: dict[str, Any], data: Any) -> tuple[int, Any]:
    """Status and body of its answer."""
    if not user["admin"]:
        return 403, {"status": 403, "message": "Action is not authorized with current scopes"}
    if path.startswith("/hub/api/users/") and method == "POST":
        name = unquote(path.split("/")[4])
        return 201, {"id": "t1", "token": "token-of-" + name, "user": name, "expires_at": None, **data}
    if platform.accounts is not None and path.startswith(PEOPLE):
        return person(platform, method, unquote(path.removeprefix(PEOPLE)), data)
    if path.startswith("/hub/api/nightdesk/links/") and method == "PUT":
        return 204, b""
    if platform.accounts is None or not path.startswith(ACCOUNTS):
        return 404, {"status": 404, "message": "Not Found"}
    name = unquote(path.removeprefix(ACCOUNTS).removeprefix("/"))
    found = [account for account in platform.accounts if account["name"] == name]
    if name and not found:
        return 404, {"status": 404, "message": f"there is no account {name!r}"}
    match method:
        case "POST":
            account = {"name": data["name"], "approved": data["approved"], "admin": False, "created_at": None}
            platform.accounts.append(account)
            return 201, account
        case "PATCH":
            found[0].update(data)
            return 200, found[0]
        case "DELETE":
            platform.accounts.remove(found[0])
            return 204, b""
        case _:
            return 200, platform.accounts


def person(platform: Platform, method: str, name: str, data: Any) -> tuple[int, Any]:
    """Somebody who may leave."""
    found = [account for account in platform.accounts or () if account["name"] == name]
    if not found:
        return 404, {"status": 404, "message": f"There is no account {name!r}."}
    if method == "DELETE":
        (platform.accounts or []).remove(found[0])
        return 200, {"name": name, "removed": True}
    done = None
    if method == "PATCH":
        found[0]["disabled"] = data["disabled"]
        if data["disabled"]:
            done = {"cancelled": 2, "ending": 1, "handed_over": 7 if "hand_over_to" in data else 0}
    out = found[0].get("disabled", False)
    leaving = {"by": "ada", "at": "2026-11-24T10:00:00+00:00", "hand_over_to": None, "settled": True}
    return 200, {
        "name": name,
        "admin": found[0]["admin"],
        "disabled": out,
        "leaving": leaving if out else None,
        "groups": ["research"],
        "tokens": 3,
        "sessions": [""],
        "home": f"nightdesk-home-{name}",
        "home_bytes": 3 * 2**20,
        "sees_homes_of": [],
        "done": done,
    }
