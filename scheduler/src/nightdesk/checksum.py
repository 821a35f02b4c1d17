"""The SHA-256 of what goes by, computed on another processor than the one that moves it."""

from __future__ import annotations

import hashlib
import queue
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    Piece = bytes | memoryview

_ALONE_BYTES = 8 * 2**20  # until then a thread would cost more than it saves


class Checksum:
    """To be used as a context; what ``update`` was given last has to stay as it is until the next ``update`` returns."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._thread: threading.Thread | None = None
        self._given: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._taken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.size = 0

    def __enter__(self) -> Checksum:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._settle()

    def update(self, piece: Piece) -> None:
        """Some more; computed when this returns, or soon after."""
        self.size += len(piece)
        if self._thread is None:
            if self.size <= _ALONE_BYTES:
                self._digest.update(piece)
                return
            self._thread = threading.Thread(target=self._work, name="checksum", daemon=True)
            self._thread.start()
        else:
            self._taken.get()
        self._given.put(piece)

    def hexdigest(self) -> str:
        """Of everything until now."""
        self._settle()
        return self._digest.hexdigest()

    def _settle(self) -> None:
        if self._thread is not None:
            self._given.put(None)
            self._thread.join()
            self._thread = None
            while not self._taken.empty():
                self._taken.get()

    def _work(self) -> None:
        while (piece := self._given.get()) is not None:
            self._digest.update(piece)
            self._taken.put(None)
