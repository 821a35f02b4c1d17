"""What the services need of the database about the audit log. Nothing here changes or deletes an entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from nightdesk.server.domain.audit import AuditFilter, Entry, Note, Verdict


class AuditLog(Protocol):
    """Who did what. Every method is one transaction."""

    def note(self, note: Note) -> None:
        """Add an entry, at the database's time."""

    def note_arrived(self, notes: Iterable[tuple[float, Note]]) -> int:
        """Add what happened elsewhere, with the times at which it did; how many were new.

        A note whose key is on record is passed over.
        """

    def entries(self, wanted: AuditFilter) -> list[Entry]:
        """Entries, newest first."""

    def verify(self) -> Verdict:
        """Look through all of it: is every entry as it was written, and none missing between two?"""
