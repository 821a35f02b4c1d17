"""What the services need of the database about sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nightdesk.server.domain.run import Run
from nightdesk.server.domain.sweep import Sweep


@dataclass(frozen=True, slots=True)
class SweepFilter:
    """Which sweeps to list, newest first. ``before`` continues an earlier list: the last one's time and id.

    ``seen_by`` leaves out what a person may not see, by name and by groups whose runs they see: None for everything.
    """

    owner: str | None = None
    seen_by: tuple[str, frozenset[str]] | None = None
    limit: int = 50
    before: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class SharedInput:
    """What a run of a sweep gets that all of them get, and what is its own of it: the parameters.

    ``content`` None: it is in the store, under the sweep's id.
    """

    sweep_id: str
    content: bytes | None
    kernel: str
    language: str
    parameters: dict[str, Any]


class Sweeps(Protocol):
    """Sweeps. Every method is one transaction."""

    def add_sweep(
        self, sweep: Sweep, runs: Sequence[Run], inputs: Mapping[str, bytes | None]
    ) -> tuple[Sweep, bool]:
        """Put a sweep on record with all of its runs, or none of it; the earlier one and False where owner and key are known.

        ``inputs`` by name, once for all runs; None where one is in the store.

        Raises:
            Conflict: its owner is disabled, or its version has just been removed.
        """

    def sweep(self, sweep_id: str) -> Sweep | None:
        """One sweep, or None."""

    def sweep_by_key(self, owner: str, key: str) -> Sweep | None:
        """The sweep that this owner made under this idempotency key, or None."""

    def sweeps(self, wanted: SweepFilter) -> list[Sweep]:
        """Sweeps, newest first."""

    def runs_of_sweep(self, sweep_id: str) -> list[Run]:
        """All of its runs, those that were run again as well, oldest first."""

    def counts_of_sweeps(self, sweep_ids: list[str]) -> dict[str, dict[str, int]]:
        """Of each how many of its sets of parameters are in which status, by the newest run of each."""

    def shared_input(self, run_id: str, name: str) -> SharedInput | None:
        """What a run gets from its sweep under this name; None where it is of none, or there is nothing of that name."""

    def shared_inputs(self, run_id: str) -> list[str]:
        """The names of what a run gets from its sweep."""

    def stop_sweep(self, sweep_id: str, by: str, waiting_only: bool) -> list[str]:
        """Ask for the end of what is not over, or only of what waits: the ids of those runs."""
