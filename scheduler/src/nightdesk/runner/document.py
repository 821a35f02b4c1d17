"""The notebook file: what to execute from it, and writing it as it stands."""

from __future__ import annotations

import json
import os

from . import storage
from .limits import Allowance, Quota
from .outcome import BadJob
from .outputs import Displays, Outputs
from .room import Room, Space

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .job import Job
    from .masks import Masks


LARGE = 10_000


class Cell:
    """A code cell; `number` counts code cells from 1, `index` all cells from 0."""

    def __init__(self, number: int, index: int, node: dict[str, Any], allow_errors: bool) -> None:
        self.number = number
        self.index = index
        self.node = node
        self.source = _text(node.get("source", ""))
        self.metadata: dict[str, Any] = node.setdefault("metadata", {})
        tags = self.metadata.get("tags") or []
        self.executes = bool(self.source.strip()) and "skip-execution" not in tags
        self.may_fail = (
            allow_errors or "raises-exception" in tags or self.metadata.get("allow_errors") is True
        )
        self.request = ""
        """The id of the request that executes it."""

    def begin(self, displays: Displays, job: Job, kept: Quota, logged: Quota, shown: Space) -> None:
        """Drop what the file brought along of an earlier execution; the last three are the run's own limits."""
        self.node["outputs"] = []
        self.node["execution_count"] = None
        self.metadata.pop("execution", None)
        scope = "in this cell"
        printed = Allowance(Quota(job.cell_stream_bytes, scope), kept)
        room = Room(Space(job.cell_display_bytes, scope), shown)
        self.outputs = Outputs(self.node["outputs"], displays, printed, room)
        self.log = Allowance(Quota(job.cell_stream_bytes, scope), logged)

    def note_time(self, moment: str, date: str | None) -> None:
        """Record a moment of the execution under the name that JupyterLab gives it."""
        if date:
            self.metadata.setdefault("execution", {})[moment] = date


class Notebook:
    """A notebook of format 4 as a dictionary, its code cells, and the file it is saved to."""

    def __init__(self, job: Job, masks: Masks) -> None:
        self._node = _read(job.path)
        self._masks = masks
        self._masked_for = 0
        self._target = os.path.join(job.result, "notebook.ipynb")
        self.metadata: dict[str, Any] = self._node.setdefault("metadata", {})
        allow_errors = self.metadata.get("allow_errors") is True
        self.displays = Displays()
        self.cells: list[Cell] = []
        self.logged = Quota(job.run_stream_bytes, "in this run")
        self.shown = Space(job.run_display_bytes, "in this run")
        kept = Quota(job.run_stream_bytes, "in this run")
        for index, node in enumerate(self._node["cells"]):
            if node.get("cell_type") == "code":
                cell = Cell(len(self.cells) + 1, index, node, allow_errors)
                self.cells.append(cell)
                if "skip-execution" not in (cell.metadata.get("tags") or []):
                    cell.begin(self.displays, job, kept, self.logged, self.shown)

    def executes_after(self, cell: Cell) -> bool:
        """Whether code is still to be executed behind `cell`."""
        return any(other.executes for other in self.cells[cell.number :])

    def leave_out_large_outputs(self) -> None:
        """Make the notebook small, for storage that has no room for the whole of it."""
        for cell in self.cells:
            if cell.executes:
                cell.outputs.leave_out(LARGE)

    def save(self) -> None:
        """Write the notebook as it stands. Raises OSError and leaves the last good file then."""
        for cell in self.cells:
            if cell.executes:
                cell.outputs.settle(self._masks.text)
        self._mask()
        storage.replace(self._target, self._pieces())

    def _mask(self) -> None:
        """What was shown before its secret became one: code may have had it from elsewhere first."""
        if not self._masks.look() or self._masked_for == self._masks.known:
            return
        self._masked_for = self._masks.known
        for cell in self.cells:
            outputs = cell.node.get("outputs") or []
            for output in outputs:
                output.update(self._masks.shown(output))

    def _pieces(self) -> Iterator[bytes]:
        """The file's content, piece by piece: the whole as one text would take all its memory once more."""
        encoder = json.JSONEncoder(ensure_ascii=False, indent=1, sort_keys=True)
        for piece in encoder.iterencode(self._node):
            # Half of a surrogate pair has no UTF-8; the escape is the same character to a JSON reader.
            yield piece.encode("utf-8", "backslashreplace")
        yield b"\n"


def _read(path: str) -> dict[str, Any]:
    name = os.path.basename(path)
    try:
        with open(path, encoding="utf-8-sig") as file:
            node = json.load(file)
    except json.JSONDecodeError as problem:
        raise BadJob(
            f"{name} is not JSON: {problem.msg} in line {problem.lineno}, column {problem.colno}"
        ) from problem
    except (OSError, ValueError) as problem:
        raise BadJob(f"{name} cannot be read: {problem}") from problem
    if not isinstance(node, dict) or node.get("nbformat") != 4:
        raise BadJob(f"{name} is not a notebook of format 4")
    cells = node.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise BadJob(f"{name} has no list of cells")
    return node


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
