"""What one needs to see of a run that did not succeed: the cell it was in, and the end of its log."""

from __future__ import annotations

from dataclasses import dataclass

from nightdesk.server.domain.run import Run, Status
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records
from nightdesk.server.services.cells import code_cells
from nightdesk.server.services.logs import log_tail

_LINES = 12  # of a cell
_LINE = 300  # characters of one
_LOG_LINES = 25


@dataclass(frozen=True, slots=True)
class FailedCell:
    """A code cell, counted from 1: its first lines, of ``lines`` in all."""

    number: int
    source: str
    lines: int


@dataclass(frozen=True, slots=True)
class Failure:
    """The cell, where the run is a notebook's and had begun; the last lines of the log."""

    cell: FailedCell | None
    log: str


def failure_of(records: Records, store: FileStore, run: Run) -> Failure | None:
    """What to show of a run that ended otherwise than well; None of any other."""
    if not run.final or run.status is Status.SUCCEEDED:
        return None
    return Failure(_cell(records, store, run), log_tail(records, store, run, _LOG_LINES))


def _cell(records: Records, store: FileStore, run: Run) -> FailedCell | None:
    number = (run.error.cell if run.error else None) or run.cell
    if run.kind != "notebook" or not number:
        return None
    code = code_cells(records, store, run)
    if number > len(code):
        return None
    lines = code[number - 1].splitlines()
    return FailedCell(number, "\n".join(line[:_LINE] for line in lines[:_LINES]), len(lines))
