"""SHA-256, computed on another processor than the one that moves what it is of."""

from __future__ import annotations

import hashlib
import queue
import threading
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    Piece = bytes | memoryview

_ALONE_BYTES = 8 * 2**20  # until then a thread would cost more than it saves
_ROOM = 2**18  # stays in the processor's own memory between being read and being looked through
_BEHIND_BYTES = 16 * 2**20  # who reads what is just being written holds the writer up


class Checksum:
    """Of what goes by; a context. What ``update`` was given last has to stay as it is until the next ``update`` returns."""

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


class FileChecksum:
    """Of a file while it grows: read behind whoever writes it, so that neither waits for the other. A context."""

    def __init__(self, path: Path) -> None:
        self._digest = hashlib.sha256()
        self._file = path.open("rb", buffering=0)
        self._room = memoryview(bytearray(_ROOM))
        self._size = self._read = 0
        self._thread: threading.Thread | None = None
        self._news = threading.Event()
        self._over = False

    def __enter__(self) -> FileChecksum:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop()
        self._file.close()

    def grown(self, size: int) -> None:
        """So many bytes of it are there now."""
        self._size = size
        if size - self._read < _BEHIND_BYTES:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="checksum", daemon=True)
            self._thread.start()
        self._news.set()

    def hexdigest(self) -> str:
        """Of as much as is there. Nothing may be added any more. Raises OSError: it cannot be read."""
        self._stop()
        while self._take():
            pass
        return self._digest.hexdigest()

    def _stop(self) -> None:
        if self._thread is not None:
            self._over = True
            self._news.set()
            self._thread.join()

    def _follow(self) -> None:
        with suppress(OSError):  # who asks for the checksum meets it again
            while not self._over:
                if self._size - self._read < _BEHIND_BYTES:
                    self._news.wait()
                    self._news.clear()
                    continue
                until = self._read + _BEHIND_BYTES
                while self._read < until and not self._over:
                    if not self._take():
                        return

    def _take(self) -> int:
        """Some more of what is there; how much."""
        most = min(_ROOM, self._size - self._read)
        count = self._file.readinto(self._room[:most]) or 0 if most else 0
        self._digest.update(self._room[:count])
        self._read += count
        return count
