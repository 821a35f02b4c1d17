"""An object of a bucket as a file: block by block, the next ones on their way while one is read."""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from nightdesk.server.domain.errors import Unavailable

BLOCK = 2 * 2**20
_AHEAD = 4  # blocks under way, besides the one that is read


class ObjectReader(io.RawIOBase):
    """Reading what was there when it was opened: an object that is replaced meanwhile breaks off."""

    def __init__(self, objects: S3Store, path: str, size: int, etag: str | None) -> None:
        self._objects, self._path, self._size, self._etag = objects, path, size, etag
        self._at = 0
        self._next = 0  # where the block begins that is asked for next
        self._coming: deque[Future[memoryview]] = deque()
        self._block = memoryview(b"")
        self._pool: ThreadPoolExecutor | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        at = max(start + offset, 0)
        if at != self._at:
            self._forget()
            self._at = self._next = at
        return at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        target = memoryview(buffer).cast("B")
        if not self._block:
            if self._at >= self._size:
                return 0
            self._ask()
            self._block = self._coming.popleft().result()
            self._ask()
        count = min(len(target), len(self._block))
        target[:count] = self._block[:count]
        self._block = self._block[count:]
        self._at += count
        return count

    def close(self) -> None:
        self._forget()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        super().close()

    def _ask(self) -> None:
        """Have as many blocks on their way as there may be."""
        while len(self._coming) < _AHEAD and self._next < self._size:
            end = min(self._next + BLOCK, self._size)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_AHEAD, "object-reader")
            self._coming.append(self._pool.submit(self._fetch, self._next, end))
            self._next = end

    def _fetch(self, start: int, end: int) -> memoryview:
        options: Any = {"range": (start, end)}
        if self._etag:
            options["if_match"] = self._etag
        try:
            return memoryview(obstore.get(self._objects, self._path, options=options).bytes())
        except (BaseError, OSError) as error:
            # Not the vendor's own text: it is long, and says how the request was made.
            raise Unavailable(
                "the output store stopped answering in the middle of a file", "Try again in a while."
            ) from error

    def _forget(self) -> None:
        for each in self._coming:
            each.cancel()
        self._coming.clear()
        self._block = memoryview(b"")
