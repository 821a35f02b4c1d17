"""The hub's side of the platform's double: accounts, and tokens of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from .platform_double import Platform

ACCOUNTS = "/hub/api/nightdesk/accounts"


def hub(platform: Platform, method: str, path: str, user: dict[str, Any], data: Any) -> tuple[int, Any]:
    """Status and body of its answer."""
    if not user["admin"]:
        return 403, {"status": 403, "message": "Action is not authorized with current scopes"}
    if path.startswith("/hub/api/users/") and method == "POST":
        name = unquote(path.split("/")[4])
        return 201, {"id": "t1", "token": "token-of-" + name, "user": name, "expires_at": None, **data}
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
