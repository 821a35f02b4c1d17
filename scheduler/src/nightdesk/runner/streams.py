"""Printed text on its way to the log and the notebook: joined into few pieces, long lines cut."""

from __future__ import annotations

import time

from .limits import Lines
from .screen import visible_chunk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .document import Cell

    Deliver = Callable[["Cell | None", str, str], None]

PIECE = 16_384
DELAY = 0.05
BAR_DELAY = 1.0
NEVER = float("inf")


class Streams:
    """Holds back text of one cell and stream for a moment and delivers it in pieces of at most `PIECE`.

    A line that is only overwritten, again and again, is a progress bar: it is shown at most once a second,
    and the less often the longer it runs, so that a bar of ten hours leaves a few hundred kilobytes of log.
    """

    def __init__(self, deliver: Deliver, line_bytes: int) -> None:
        self._deliver = deliver
        self._line_bytes = line_bytes
        self._lines: dict[str, Lines] = {}
        self._cell: Cell | None = None
        self._name = ""
        self._parts: list[str] = []
        self._size = 0
        self._is_bar = False
        self._begun = time.monotonic()
        self.due = NEVER
        """When `flush` wants to be called, on the monotonic clock."""

    def begin(self) -> None:
        """Another cell runs from now on."""
        self.flush()
        self._lines.clear()
        self._begun = time.monotonic()

    def write(self, cell: Cell | None, name: str, text: str) -> None:
        if not text:
            return
        if self._parts and (cell is not self._cell or name != self._name):
            self.flush()
        text = self._lines.setdefault(name, Lines(self._line_bytes)).cut(text)
        if not text:
            return
        self._cell, self._name = cell, name
        now = time.monotonic()
        if not self._parts:
            self._is_bar = text[0] == "\r"
            self.due = now + (max(BAR_DELAY, (now - self._begun) / 500) if self._is_bar else DELAY)
        self._parts.append(text)
        self._size += len(text)
        if self._is_bar and "\n" in text:
            self._is_bar = False
            self.due = min(self.due, now + DELAY)
        if self._size >= PIECE and self._is_bar:
            self._parts = [visible_chunk("".join(self._parts))]
            self._size = len(self._parts[0])
        if self._size >= PIECE:
            self.flush()

    def flush(self) -> None:
        """Deliver everything that is held back."""
        text = visible_chunk("".join(self._parts))
        self._parts = []
        self._size = 0
        self.due = NEVER
        for start in range(0, len(text), PIECE):
            self._deliver(self._cell, self._name, text[start : start + PIECE])
