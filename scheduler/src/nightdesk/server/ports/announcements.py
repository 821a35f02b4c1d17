"""What the services need of the database about announcements."""

from __future__ import annotations

from typing import Protocol

from nightdesk.server.domain.announcement import Announcement


class Announcements(Protocol):
    """What everybody is told. Every method is one transaction; each change is in the audit log."""

    def announce(self, announcement: Announcement) -> Announcement:
        """Put it on record, with its id and the time.

        Raises:
            Conflict: there are as many already as may be shown at once.
        """

    def announcements(self) -> list[Announcement]:
        """Those that are not over and were not taken down, newest first; some may be for later."""

    def clear_announcements(self, by: str, number: int | None = None) -> int:
        """Take one down, or all of them; how many there were."""
