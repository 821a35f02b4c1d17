"""What the services need of the database when somebody leaves."""

from __future__ import annotations

from typing import Protocol

from nightdesk.server.domain.leaving import Owned


class Leaving(Protocol):
    """A part of ``Records``. Each method may be called again and then finds nothing more to do."""

    def shut_out(self, name: str, by: str) -> None:
        """From now on no run is accepted for this person, whoever asks."""

    def let_in(self, name: str, by: str | None) -> None:
        """Accept runs of this person again; ``by`` is who lets them in, None where the name is only freed."""

    def is_shut_out(self, name: str) -> bool:
        """Whether nothing may be started for this person: what starts runs by itself, such as a schedule, asks here."""

    def end_runs(self, name: str, by: str, keep_going: bool) -> tuple[list[str], list[str]]:
        """Cancel what waits, and ask what goes on to end: the ids of both.

        ``keep_going``: what goes on does, but no further attempt of it is made.
        """

    def hand_over_some(self, name: str, heir: str, groups: tuple[str, ...], said: str, limit: int) -> int:
        """Give up to ``limit`` of somebody's runs to another; how many were. 0: that was all.

        ``groups`` are those of the heir; ``said`` goes into the history of each run, if it is anything.
        """

    def owned(self, name: str) -> Owned:
        """What this person has on record."""
