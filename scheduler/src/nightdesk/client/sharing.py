"""The part of the client that is about showing runs to others, their cells, and runs side by side."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.answers import Run
    from nightdesk.client.page_answers import Cells, RunComparison, Shares
    from nightdesk.client.transport import Transport


class Sharing:
    """Who else sees a run."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def with_whom(self, run_id: str) -> Shares:
        """With whom a run is shared; of one's own, or for admins."""
        found: Shares = self._transport.json("GET", "/runs", run_id, "shares")
        return found

    def share(self, run_id: str, kind: str, name: str) -> Shares:
        """Show a run to a `person` or a `group`, for reading."""
        whom = {"kind": kind, "name": name}
        found: Shares = self._transport.json("POST", "/runs", run_id, "shares", json=whom)
        return found

    def take_back(self, run_id: str, kind: str, name: str) -> Shares:
        """Show it to them no longer."""
        whom = {"kind": kind, "name": name}
        found: Shares = self._transport.json("DELETE", "/runs", run_id, "shares", json=whom)
        return found

    def with_me(self) -> list[Run]:
        """The runs of others that one is shown, newest first."""
        runs: list[Run] = self._transport.json("GET", "/shared")["runs"]
        return runs

    def cells(self, run_id: str) -> Cells:
        """The code cells of a run: how each went, and how long it took."""
        found: Cells = self._transport.json("GET", "/runs", run_id, "cells")
        return found

    def compare(self, run_ids: list[str]) -> RunComparison:
        """Runs side by side; of the first two the notebooks as well."""
        found: RunComparison = self._transport.json("GET", "/compare", query={"run": ",".join(run_ids)})
        return found
