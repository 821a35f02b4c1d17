"""Accounts and tokens, which the hub keeps; for admins."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.admin_answers import Account, Token
    from nightdesk.client.transport import Transport

ACCESS_SCOPE = "access:services!service=nightdesk"


class Hub:
    """The hub at the platform's own origin. Its answers to people who are no admins are NotAllowed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._base = transport.login.address.hub_path + "/api"

    def _call(self, method: str, *path: str, json: Any = None) -> Any:
        return self._transport.json(method, *path, base=self._base, json=json)

    @property
    def token_page(self) -> str:
        """Where people make tokens for themselves."""
        address = self._transport.login.address
        return f"{address.origin}{address.hub_path}/token"

    def accounts(self) -> list[Account]:
        """Everybody who has signed up."""
        accounts: list[Account] = self._call("GET", "/nightdesk/accounts")
        return accounts

    def add_account(self, name: str, password: str) -> Account:
        """An account that may sign in at once."""
        account: Account = self._call(
            "POST", "/nightdesk/accounts", json={"name": name, "password": password, "approved": True}
        )
        return account

    def approve_account(self, name: str) -> Account:
        """Let somebody in who has signed up."""
        account: Account = self._call("PATCH", "/nightdesk/accounts", name, json={"approved": True})
        return account

    def person(self, name: str) -> dict[str, Any]:
        """What the hub knows of somebody, whichever way they sign in."""
        person: dict[str, Any] = self._call("GET", "/nightdesk/people", name)
        return person

    def disable(self, name: str, heir: str | None = None) -> dict[str, Any]:
        """Shut somebody out at once; `heir` is who takes over. Them as they are then, and what was done."""
        wanted = {"disabled": True, **({"hand_over_to": heir} if heir else {})}
        person: dict[str, Any] = self._call("PATCH", "/nightdesk/people", name, json=wanted)
        return person

    def enable(self, name: str) -> dict[str, Any]:
        """Let somebody in again."""
        person: dict[str, Any] = self._call("PATCH", "/nightdesk/people", name, json={"disabled": False})
        return person

    def remove_person(self, name: str, *, purge_home: bool = False) -> bool:
        """Shut somebody out and remove them; whether that is through."""
        query = {"purge_home": "1"} if purge_home else None
        answer = self._transport.json("DELETE", "/nightdesk/people", name, base=self._base, query=query)
        return bool(answer["removed"])

    def set_password(self, name: str, password: str) -> Account:
        """A new password, which opens nothing but the choice of another one."""
        account: Account = self._call("PATCH", "/nightdesk/accounts", name, json={"password": password})
        return account

    def link(self, name: str, provider_name: str) -> None:
        """Whoever comes from the provider with that name is this user from then on."""
        self._call("PUT", "/nightdesk/links", name, json={"provider_name": provider_name})

    def stop_session(self, person: str, name: str = "") -> None:
        """End somebody's session; nothing where it has ended already."""
        self._call("DELETE", "/users", person, *(("servers", name) if name else ("server",)))

    def create_token(
        self, name: str, *, note: str, expires_in: int | None = None, scopes: list[str] | None = None
    ) -> Token:
        """A token of somebody, by default good for this platform and nothing else of the hub."""
        token: Token = self._call(
            "POST",
            "/users",
            name,
            "tokens",
            json={"note": note, "expires_in": expires_in, "scopes": scopes or [ACCESS_SCOPE]},
        )
        return token
