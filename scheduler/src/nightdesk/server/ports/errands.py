"""What the services need of the database about errands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from nightdesk.server.domain.errand import Errand


class Errands(Protocol):
    """Errands on record. Every method is one transaction."""

    def add_errand(self, errand: Errand) -> None:
        """Somebody waits for it, or a run's end is to be told."""

    def locked_errands(self, limit: int) -> list[Errand]:
        """Those that wait for the login of a connection, oldest first."""

    def unlock_errand(self, errand: Errand) -> bool:
        """It may go ahead, with its login, or with the answer why not; False where somebody else said so already."""

    def take_errand(self, worker: str) -> Errand | None:
        """The oldest that is ready, with its login, which is not kept; None without any.

        What a worker had taken that is no more is to be done again, where a tick waits for it or it is a report.
        """

    def answer_errand(self, errand_id: str, answer: Mapping[str, Any]) -> None:
        """How it went."""

    def errand_again(self, errand_id: str, seconds: float) -> None:
        """It did not work out: to be tried again after so long."""

    def errand(self, errand_id: str) -> Errand | None:
        """One as it is now."""

    def drop_errand(self, errand_id: str) -> None:
        """Nobody waits for it any more."""

    def old_errands(self, older_than_seconds: float) -> list[str]:
        """The ids of those that are done, or that nobody can wait for any more."""
