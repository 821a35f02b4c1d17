"""The part of the client that is about what people have of the machine, and had."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.people_answers import MyUsage, PeopleUsage
    from nightdesk.client.transport import Transport


class PeopleUse:
    """`month` is written 2026-11; left out: this one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def mine(self, month: str | None = None) -> MyUsage:
        """One's own."""
        use: MyUsage = self._transport.json("GET", "/usage", query={"month": month})
        return use

    def everybody(self, by: str, month: str | None = None) -> PeopleUsage:
        """Everybody's, by person, group or environment; admins only."""
        use: PeopleUsage = self._transport.json("GET", "/usage/people", query={"by": by, "month": month})
        return use

    def csv(self, by: str | None = None, month: str | None = None) -> str:
        """One's own as CSV, or everybody's by something."""
        path = "/usage.csv" if by is None else "/usage/people.csv"
        answer = self._transport.open("GET", path, query={"by": by, "month": month})
        return answer.read().decode("utf-8", errors="replace")
