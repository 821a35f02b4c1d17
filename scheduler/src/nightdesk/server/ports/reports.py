"""What the services need of the database about reports."""

from __future__ import annotations

from typing import Protocol

from nightdesk.server.domain.report import Reader, Report
from nightdesk.server.domain.run import Run


class Reports(Protocol):
    """Reports on record. Every method is one transaction; each change is in the audit log."""

    def add_report(self, report: Report, by: str) -> Report:
        """Put it on record, with the time.

        Raises:
            Conflict: there is one of that name.
        """

    def report(self, name: str) -> Report | None:
        """One report, or None."""

    def reports(self) -> list[Report]:
        """All of them, by name."""

    def change_report(self, report: Report, by: str, words: str) -> Report:
        """Keep it in place of the one of that name; ``words`` say in the audit log what was changed.

        Raises:
            NotFound: it has just been removed.
        """

    def remove_report(self, name: str, by: str) -> bool:
        """Take it away; whether it was there. Runs and outputs stay."""

    def forget_reader(self, reader: Reader) -> None:
        """Take somebody who is no more off all lists: whoever has that name next is somebody else."""

    def report_versions(self, report: Report, until: float | None = None, limit: int = 50) -> list[Run]:
        """The good runs that left the report's output, newest first; with ``until`` those that had ended by then."""

    def report_version(self, report: Report, run_id: str) -> Run | None:
        """One of them."""
