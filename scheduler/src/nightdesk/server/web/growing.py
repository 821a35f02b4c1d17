"""A page that is being made: who reads it gets what there is, and the rest as it comes.

It is made whole whoever stops reading, and kept then, so that the next one finds it.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import IO

from nightdesk.server.domain.errors import NightdeskError

_CHUNK = 256 * 1024
_log = logging.getLogger(__name__)


class Growing:
    """What ``pieces`` make, in a file on the disk that grows; ``keep`` gets it when it is whole."""

    def __init__(self, pieces: Iterator[bytes], keep: Callable[[IO[bytes]], object]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is open for as long as somebody reads
        weakref.finalize(self, self._file.close)
        self._news = threading.Condition()
        self._length = 0
        self._over = False
        self.took: float | None = None
        """Seconds from its beginning, however long that was waited for, until it was whole; None before."""
        self.error: NightdeskError | None = None
        self._thread = threading.Thread(target=self._make, args=(pieces, keep), name="page", daemon=True)
        self._thread.start()

    def begun(self) -> None:
        """Wait for its beginning.

        Raises:
            NightdeskError: there is none.
        """
        with self._news:
            self._news.wait_for(lambda: self._length > 0 or self._over)
        if self.error is not None and self._length == 0:
            raise self.error

    def whole(self, seconds: float) -> bool:
        """Wait so long for its end; whether it was made and kept by then."""
        with self._news:
            return self._news.wait_for(lambda: self._over, seconds) and self.error is None

    def read(self) -> Iterator[bytes]:
        """All of it, from its beginning; where the rest cannot be made it says so at the end."""
        at = 0
        while True:
            with self._news:
                self._news.wait_for(lambda at=at: self._length > at or self._over)  # type: ignore[misc]
                length, over = self._length, self._over
            while at < length:
                piece = os.pread(self._file.fileno(), min(_CHUNK, length - at), at)
                at += len(piece)
                yield piece
            if over and at >= self._length:
                if self.error is not None:
                    yield b"<p><strong>The rest cannot be shown: download the notebook.</strong></p>"
                return

    def _make(self, pieces: Iterator[bytes], keep: Callable[[IO[bytes]], object]) -> None:
        began = 0.0
        try:
            for piece in pieces:
                began = began or time.monotonic()
                self._file.write(piece)
                self._file.flush()
                with self._news:
                    self._length += len(piece)
                    self._news.notify_all()
            with os.fdopen(os.dup(self._file.fileno()), "rb") as whole:
                whole.seek(0)
                keep(whole)
            self.took = time.monotonic() - began
        except NightdeskError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - the edge of a thread: who reads is told that it ends
            _log.exception("a page could not be made")
            self.error = NightdeskError(f"the page could not be made ({type(error).__name__})")
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()


class InMaking:
    """The pages that are being made, by their keys: two who ask for the same one read the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[str, Growing] = {}

    def page(
        self, key: str, make: Callable[[], Iterator[bytes]], keep: Callable[[IO[bytes]], object]
    ) -> Growing:
        """The one of this key, begun now if nobody has.

        Raises:
            NightdeskError: it cannot be made.
        """

        def kept(file: IO[bytes]) -> None:
            keep(file)
            with self._lock:
                self._pages.pop(key, None)

        with self._lock:
            known = self._pages.get(key)
            if known is None or known.error is not None:
                known = self._pages[key] = Growing(make(), kept)
        try:
            known.begun()
        except NightdeskError:
            with self._lock:
                if self._pages.get(key) is known:
                    del self._pages[key]
            raise
        return known
