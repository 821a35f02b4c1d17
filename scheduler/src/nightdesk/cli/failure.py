"""What went wrong, as far as one needs to see it: the cell, and the end of the log."""

from __future__ import annotations

from nightdesk.cli.terminal import clean_line, paint
from nightdesk.client.errors import NightdeskError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.answers import FailedCell, Run
    from nightdesk.client.platform import Client

_FAILED = ("failed", "timed_out", "lost")


def show_failure(client: Client, run: Run, *, with_log: bool) -> None:
    """Print the cell that the run failed in and, with `with_log`, the last lines of its log."""
    if run["status"] not in _FAILED:
        return
    try:
        failure = client.failure(run["id"])
    except NightdeskError:
        return  # how it ended was said already; an older platform, or one that is away, adds nothing
    if failure["cell"]:
        _show_cell(failure["cell"])
    if with_log and failure["log"]:
        print(f"  {paint('the last lines of its log', 'grey')}  (all of it: nightdesk logs {run['id']})")
        _show_lines(failure["log"])


def _show_cell(cell: FailedCell) -> None:
    print(f"  {paint('cell ' + str(cell['number']), 'grey')}")
    _show_lines(cell["source"])
    more = cell["lines"] - len(cell["source"].splitlines())
    if more > 0:
        print(f"    … {more} more {'line' if more == 1 else 'lines'}")


def _show_lines(text: str) -> None:
    for line in text.splitlines():
        print(f"    {clean_line(line, coloured=False)}")
