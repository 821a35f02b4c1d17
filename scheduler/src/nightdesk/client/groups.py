"""The part of the client that is about groups and what they decide; for admins."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.people_answers import Group, Policy
    from nightdesk.client.transport import Transport

EVERYBODY = "everybody"


class Groups:
    """Groups are kept by the hub and changed with one's own token: it needs the hub's scopes for that."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def listed(self) -> list[Group]:
        """All groups, with members and what they decide."""
        groups: list[Group] = self._transport.json("GET", "/groups")["groups"]
        return groups

    def group(self, name: str) -> Group:
        """One group."""
        group: Group = self._transport.json("GET", "/groups", name)
        return group

    def make(self, name: str) -> Group:
        """A new group."""
        group: Group = self._transport.json("POST", "/groups", json={"name": name})
        return group

    def remove(self, name: str) -> None:
        """Take a group away, with what it decides."""
        self._transport.json("DELETE", "/groups", name)

    def join(self, name: str, people: list[str]) -> Group:
        """Put people into a group."""
        group: Group = self._transport.json("POST", "/groups", name, "members", json={"people": people})
        return group

    def leave(self, name: str, people: list[str]) -> Group:
        """Take people out of a group."""
        group: Group = self._transport.json("DELETE", "/groups", name, "members", json={"people": people})
        return group

    def policy(self, kind: str, name: str) -> Policy:
        """What is said about a `group`, a `person` or `everybody`."""
        policy: Policy = self._transport.json("GET", "/policies", kind, name or "all")
        return policy

    def set_policy(self, kind: str, name: str, said: dict[str, Any]) -> Policy:
        """Say something anew; what `said` leaves out stays as it is."""
        policy: Policy = self._transport.json("PATCH", "/policies", kind, name or "all", json=said)
        return policy
