"""The code cells of a run with what became of each: where it is, how long each took, and in which it failed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from nightdesk.server.domain.cell_time import CellTime
from nightdesk.server.domain.errors import NotFound, Unavailable
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records
from nightdesk.server.services.inputs import PREPARED, SOURCE, open_input

_LARGEST = 20 * 2**20  # bytes of a notebook that is read for its cells
_MOST = 300  # cells that are shown; the one that failed in any case
_LINES = 40  # of a cell
_LINE = 300  # characters of one
_HEADLINE = 100


@dataclass(frozen=True, slots=True)
class CellSeen:
    """A code cell, counted from 1: its first lines of ``lines`` in all. Without the file, ``source`` is empty.

    ``status``: ok, error, skipped, stopped, running, or waiting. ``seconds`` where it is over and they are known.
    """

    number: int
    status: str
    seconds: float | None
    source: str
    lines: int

    @property
    def headline(self) -> str:
        """Its first line that says something."""
        line = next((each.strip() for each in self.source.splitlines() if each.strip()), "")
        return line if len(line) <= _HEADLINE else f"{line[:_HEADLINE]}…"


def code_cells(records: Records, store: FileStore, run: Run) -> list[str]:
    """The sources of a notebook's code cells as they were handed to the runner; empty where they are not to be had."""
    if run.kind != "notebook":
        return []
    raw = b""
    for name in (PREPARED, SOURCE):
        try:
            # What was handed to the runner has the same cells as what it left, and none of its outputs.
            with open_input(records, store, run.id, name) as file:
                raw = file.read(_LARGEST + 1)
            break
        except NotFound:
            continue
        except Unavailable:  # all else that is known is worth showing without it
            return []
    if not raw or len(raw) > _LARGEST:
        return []
    cells = json.loads(raw)["cells"]
    return [_text(cell) for cell in cells if cell["cell_type"] == "code"]


def cells_of(
    records: Records, store: FileStore, run: Run, sources: bool = True
) -> tuple[list[CellSeen], int]:
    """The cells that are shown, and how many there are in all; ``sources``: with what stands in them."""
    if run.kind != "notebook":
        return [], 0
    texts = code_cells(records, store, run) if sources else []
    times = records.cells(run)
    count = max(run.cells, len(texts))
    failed = None if run.error is None else run.error.cell
    shown = [*range(1, min(count, _MOST) + 1)]
    if failed is not None and _MOST < failed <= count:
        shown.append(failed)
    return [_cell(number, run, texts, times.get(number)) for number in shown], count


def _cell(number: int, run: Run, texts: list[str], time: CellTime | None) -> CellSeen:
    lines = texts[number - 1].splitlines() if number <= len(texts) else []
    source = "\n".join(line[:_LINE] for line in lines[:_LINES])
    return CellSeen(
        number, _status(number, run, time), None if time is None else time.seconds, source, len(lines)
    )


def _status(number: int, run: Run, time: CellTime | None) -> str:
    failed = None if run.error is None else run.error.cell
    if number == failed:
        return "error"
    if time is not None:
        return time.status
    if run.status is Status.SUCCEEDED or (run.final and number < run.cell):
        return "ok"  # of a run from before times were kept
    if run.final:
        return "stopped" if number == run.cell and failed is None else "waiting"
    return "running" if number == run.cell and run.status is Status.RUNNING else "waiting"


def _text(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
