"""What the services need of the database about runs that are shown to others, and about their cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from nightdesk.server.domain.cell_time import CellTime
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.share import Share


class Sharing(Protocol):
    """Shares, and times of cells. Every method is one transaction; each change of a share is in the audit log."""

    def share_run(self, run: Run, share: Share, by: str) -> list[Share]:
        """Show a run to somebody; all its shares then. The same again changes nothing.

        Raises:
            TooMany: it has as many as a run may have.
        """

    def unshare_run(self, run: Run, share: Share, by: str) -> bool:
        """Take a share back; whether it was there."""

    def shares(self, run_id: str) -> list[Share]:
        """A run's, the first one first."""

    def is_shared_with(self, run_id: str, person: str, groups: tuple[str, ...]) -> bool:
        """Whether this person, or one of these groups, is shown the run."""

    def shared_runs(self, person: str, groups: tuple[str, ...], limit: int) -> list[Run]:
        """Runs of others that this person is shown, newest first."""

    def forget_shares(self, kind: Kind, name: str) -> None:
        """Somebody or a group is no more: whoever has that name next is somebody else."""

    def set_cells(self, run: Run, cells: Mapping[int, CellTime]) -> None:
        """How the cells of the run's attempt went that are over by now.

        Raises:
            FenceLost: the run is somebody else's now.
        """

    def cells(self, run: Run) -> dict[int, CellTime]:
        """The same, by number."""
