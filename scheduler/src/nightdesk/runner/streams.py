"""Printed text on its way to the log and the notebook: joined into few pieces, long lines cut."""

from __future__ import annotations

import time

from .limits import Lines
from .masks import Masks, Seam
from .screen import visible_chunk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .document import Cell

    Deliver = Callable[["Cell | None", str, str], None]

PIECE = 16_384
DELAY = 0.05
BAR_DELAY = 1.0
SEAM_DELAY = 0.5
SEAM_SHORT = 2
"""Characters that may be shown of a secret which is printed so slowly that the rest of it comes later."""
NEVER = float("inf")


class Streams:
    """Holds back text of one cell and stream for a moment and delivers it in pieces of at most `PIECE`.

    A line that is only overwritten, again and again, is a progress bar: it is shown at most once a second,
    and the less often the longer it runs, so that a bar of ten hours leaves a few hundred kilobytes of log.

    What ends with the beginning of a secret waits for what follows: one or two characters for half a second,
    more of them until something follows or everything is to be delivered.
    """

    def __init__(self, deliver: Deliver, line_bytes: int, masks: Masks) -> None:
        self._deliver = deliver
        self._masks = masks
        self._seams: dict[str, tuple[Cell | None, Seam]] = {}
        self._seams_due = NEVER
        self._line_bytes = line_bytes
        self._lines: dict[str, Lines] = {}
        self._cell: Cell | None = None
        self._name = ""
        self._parts: list[str] = []
        self._size = 0
        self._is_bar = False
        self._begun = time.monotonic()
        self._parts_due = NEVER

    @property
    def due(self) -> float:
        """When `flush_due` wants to be called, on the monotonic clock."""
        return min(self._parts_due, self._seams_due)

    def begin(self) -> None:
        """Another cell runs from now on."""
        self.flush()
        self._lines.clear()
        self._seams.clear()
        self._begun = time.monotonic()

    def write(self, cell: Cell | None, name: str, text: str) -> None:
        if not text:
            return
        if self._masks.look():
            text = self._masked(cell, name, text)
        self._put(cell, name, text)

    def _masked(self, cell: Cell | None, name: str, text: str) -> str:
        before, seam = self._seams.get(name) or (cell, None)
        if seam is None or before is not cell:
            if seam is not None:
                self._put(before, name, seam.release())
            seam = Seam(self._masks)
            self._seams[name] = cell, seam
        shown = seam.feed(text)
        if 0 < seam.held <= SEAM_SHORT:
            self._seams_due = time.monotonic() + SEAM_DELAY
        return shown

    def _put(self, cell: Cell | None, name: str, text: str) -> None:
        if not text:
            return
        if self._parts and (cell is not self._cell or name != self._name):
            self._deliver_parts()
        text = self._lines.setdefault(name, Lines(self._line_bytes)).cut(text)
        if not text:
            return
        self._cell, self._name = cell, name
        now = time.monotonic()
        if not self._parts:
            self._is_bar = text[0] == "\r"
            self._parts_due = now + (max(BAR_DELAY, (now - self._begun) / 500) if self._is_bar else DELAY)
        self._parts.append(text)
        self._size += len(text)
        if self._is_bar and "\n" in text:
            self._is_bar = False
            self._parts_due = min(self._parts_due, now + DELAY)
        if self._size >= PIECE and self._is_bar:
            self._parts = [visible_chunk("".join(self._parts))]
            self._size = len(self._parts[0])
        if self._size >= PIECE:
            self._deliver_parts()

    def flush(self) -> None:
        """Deliver everything that is held back."""
        self._release(NEVER)
        self._deliver_parts()

    def flush_due(self) -> None:
        """Deliver what has been held back for long enough."""
        now = time.monotonic()
        if now >= self._seams_due:
            self._release(SEAM_SHORT)
        if now >= self._parts_due:
            self._deliver_parts()

    def _release(self, most: float) -> None:
        """Go on with what may begin a secret and is not longer than that."""
        self._seams_due = NEVER
        for name, (cell, seam) in self._seams.items():
            if 0 < seam.held <= most:
                self._put(cell, name, seam.release())

    def _deliver_parts(self) -> None:
        text = visible_chunk("".join(self._parts))
        self._parts = []
        self._size = 0
        self._parts_due = NEVER
        for start in range(0, len(text), PIECE):
            self._deliver(self._cell, self._name, text[start : start + PIECE])
