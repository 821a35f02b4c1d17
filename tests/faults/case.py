"""One fault and the runs that go through it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from ..support.fault_table import Measured
from ..support.ledger import Ledger
from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import Platform
from ..support.runs import FINAL, Held, Refused
from ..support.verdict import judge
from ..support.waiting import until
from ..support.witness import Witness

PROMISED_SECONDS = 60  # until a dead worker's runs are adopted, and until anything else is over
BACK_SECONDS = 90


@dataclass
class LedgerHeld(Held):
    """A held run of which the ledger knows, and whose gate needs nothing of the platform."""

    ledger: Ledger

    def open_gate(self) -> None:
        self.ledger.open_gate(self.id)


class Case:
    """What one test does with runs; at its end each of them is judged."""

    def __init__(
        self, platform: Platform, person: Person, ledger: Ledger, witness: Witness, into: Measured
    ) -> None:
        self.platform = platform
        self.person = person
        self.ledger = ledger
        self.witness = witness
        self._into = into
        self._retries: dict[str, int] = {}

    def submit(self, *cells: str, **request: Any) -> str:
        """A ledger notebook with these cells in its middle; the run's id."""
        source = notebook(self.ledger.first(), *cells, self.ledger.last())
        run = str(self.person.runs.submit(source, "ledger.ipynb", **request)["id"])
        self.take_in(run, int(request.get("retries", 0)))
        return run

    def take_in(self, run: str, retries: int = 0) -> None:
        """A run that was submitted elsewhere is judged with the others."""
        self._retries[run] = retries

    def submit_many(self, count: int, seconds: float = 0.0, **request: Any) -> list[str]:
        """So many that take so long."""
        return [self.submit(f"time.sleep({seconds})", **request) for _ in range(count)]

    @contextmanager
    def held(self, **request: Any) -> Iterator[LedgerHeld]:
        """A run that goes on until the test lets it go, in the middle of its work."""
        held = LedgerHeld(self.person.runs, self.submit(self.ledger.hold(), **request), self.ledger)
        held.holding(PROMISED_SECONDS)
        yield held

    def unchanged(self, held: Held, before: tuple[str, str]) -> None:
        """Let it go: it succeeds, in the container and with the start that it had before."""
        assert held.identity() == before
        held.succeed()

    def goes_on(self, held: Held, since: float | None = None) -> None:
        """Wait until somebody reads what the run prints now; ``since`` the fault (monotonic) is its recovery."""
        before = self._ticks(held)
        until(
            lambda: self._ticks(held) > before + 1, f"run {held.id} going on", PROMISED_SECONDS + BACK_SECONDS
        )
        self.recovered(since)

    def recovered(self, since: float | None) -> None:
        """All is as before now; ``since`` when it was not."""
        if since is not None:
            self._into.recovery = max(self._into.recovery or 0.0, time.monotonic() - since)

    def end(self, run: str, status: str = "succeeded", seconds: float = BACK_SECONDS) -> Any:
        """The run when it is over, and has ended so."""
        shown = self.end_somehow(run, seconds)
        assert shown["status"] == status, shown
        return shown

    def end_somehow(self, run: str, seconds: float = BACK_SECONDS) -> dict[str, Any]:
        """The run when it is over."""
        shown = until(
            lambda: found if (found := self.show(run)) and found["status"] in FINAL else None,
            f"the end of run {run}",
            seconds,
        )
        assert shown is not None
        return shown

    def end_all(
        self, runs: list[str], since: float | None = None, seconds: float = PROMISED_SECONDS + BACK_SECONDS
    ) -> None:
        """All have succeeded."""
        deadline = time.monotonic() + seconds
        for run in runs:
            self.end(run, seconds=max(deadline - time.monotonic(), 1))
        self.recovered(since)

    def show(self, run: str) -> dict[str, Any] | None:
        """The run as it is now; None where the platform knows nothing of it or does not answer."""
        try:
            shown: dict[str, Any] = self.person.runs.show(run)
        except (Refused, requests.RequestException, ValueError):
            return None
        return shown

    def judge(self) -> None:
        """The verdict on every run of this test, once all is well again. What is held is let go."""
        for run in self._retries:
            self.ledger.open_gate(run)
        deadline = time.monotonic() + BACK_SECONDS
        shown = {run: self.show(run) for run in self._retries}
        while time.monotonic() < deadline:
            pending = [run for run, seen in shown.items() if seen is None or seen["status"] not in FINAL]
            if not pending:
                break
            shown |= {run: self.show(run) for run in pending}
            time.sleep(0.1)
        verdict = self._into.verdict = judge(shown, self._retries, self.ledger, self.witness)
        assert not verdict.lost, str(verdict)
        assert not verdict.doubled, str(verdict)

    def _ticks(self, held: Held) -> int:
        try:
            return held.ticks()
        except (requests.RequestException, AssertionError):
            return 0
