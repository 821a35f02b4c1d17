"""What the services need of the database about how long outputs stay."""

from __future__ import annotations

from typing import Protocol

from nightdesk.server.domain.retention import Stored, StoreUse
from nightdesk.server.domain.run import Run


class Retention(Protocol):
    """Keep marks, and outputs that were removed. Every method is one transaction."""

    def keep_run(self, run_id: str, by: str) -> Run | None:
        """Mark a run so that its outputs stay; the run as it is then, with the mark that was first."""

    def unkeep_run(self, run_id: str, by: str) -> Run | None:
        """Take the mark away."""

    def stored_runs(self) -> list[Stored]:
        """Of each run that is over and has outputs, how much that is."""

    def protected_runs(self) -> set[str]:
        """Runs whose outputs something points at: the newest version of each report, inputs of runs that are not over."""

    def remove_outputs(self, run_id: str, why: str) -> bool:
        """Note that a run's outputs are no more; False where it has a mark meanwhile, or they are gone already.

        What the store has of them is removed afterwards: see :meth:`to_clear`.
        """

    def to_clear(self) -> list[str]:
        """Runs of whose outputs the store may still have something."""

    def cleared(self, run_id: str) -> None:
        """The store has nothing of this run's outputs any more."""

    def store_use(self, person: str | None = None) -> dict[str, StoreUse]:
        """What people have in the store, by name."""
