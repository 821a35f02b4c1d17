"""The part of the client that is about connections: what one may use, and for admins what there is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.connection_answers import Connection, Trial, Use
    from nightdesk.client.transport import Transport

EVERYBODY = "everybody"


class Connections:
    """Ways to data. A secret goes to the platform and never comes back from any of these calls."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def listed(self, *, everything: bool = False) -> list[Connection]:
        """What one may use; with `everything` all there is, with grants and settings, for admins."""
        query = {"all": "true"} if everything else None
        found: list[Connection] = self._transport.json("GET", "/connections", query=query)["connections"]
        return found

    def connection(self, name: str) -> Connection:
        """One connection; for admins with settings and grants."""
        found: Connection = self._transport.json("GET", "/connections", name)
        return found

    def make(self, wanted: dict[str, Any]) -> Connection:
        """A new one: name, kind, title, description, read_only, settings, secrets."""
        made: Connection = self._transport.json("POST", "/connections", json=wanted)
        return made

    def change(self, name: str, said: dict[str, Any]) -> Connection:
        """Say something anew; what `said` leaves out stays as it is."""
        changed: Connection = self._transport.json("PATCH", "/connections", name, json=said)
        return changed

    def remove(self, name: str) -> None:
        """Take it away, with its secrets and grants."""
        self._transport.json("DELETE", "/connections", name)

    def grant(self, name: str, kind: str, whom: str, *, write: bool) -> Connection:
        """Let a `group`, a `person` or `everybody` use it, for reading or writing as well."""
        said = {"kind": kind, "name": whom, "write": write}
        changed: Connection = self._transport.json("POST", "/connections", name, "grants", json=said)
        return changed

    def revoke(self, name: str, kind: str, whom: str) -> Connection:
        """Take a grant back; it holds for the next use."""
        said = {"kind": kind, "name": whom}
        changed: Connection = self._transport.json("DELETE", "/connections", name, "grants", json=said)
        return changed

    def rotate(self, name: str, secrets: dict[str, Any]) -> Connection:
        """Put new secrets in place of those of the same names."""
        said = {"secrets": secrets}
        changed: Connection = self._transport.json("POST", "/connections", name, "rotate", json=said)
        return changed

    def test(self, name: str) -> Trial:
        """Try it from where runs are; takes up to a minute."""
        tried: Trial = self._transport.json("POST", "/connections", name, "test")
        return tried

    def uses(self, name: str) -> list[Use]:
        """Who used it last, the newest first; admins only."""
        uses: list[Use] = self._transport.json("GET", "/connections", name, "uses")["uses"]
        return uses

    def reseal(self) -> dict[str, Any]:
        """Seal all secrets anew under the first key; admins only."""
        done: dict[str, Any] = self._transport.json("POST", "/connections", "reseal")
        return done
