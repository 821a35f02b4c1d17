"""The process in which what runs left is read and rendered: little memory, no network, nothing but its one pipe.

What comes out of a run was made by somebody's code, and what reads it is large: a fault in it ends this process and
nothing else. The pipe carries bytes and no objects towards the service.
"""

from __future__ import annotations

import contextlib
import io
import resource
import socket
import struct
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

DONE, FAILED, READ, PIECE = b"D", b"F", b"R", b"P"
PLACE = struct.Struct("!QI")  # where a piece of the file begins, and its length
MOST_AT_ONCE = 8 * 2**20


class RemoteFile(io.RawIOBase):
    """A file that the service has open; it hands over the pieces that are asked for."""

    def __init__(self, pipe: Connection, size: int) -> None:
        super().__init__()
        self._pipe = pipe
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readall(self) -> bytes:
        """All that is left, in a few large pieces: the parent's own asks for 8 KB at a time."""
        pieces = []
        while piece := self.read(MOST_AT_ONCE):
            pieces.append(piece)
        return b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), MOST_AT_ONCE, max(self._size - self._at, 0))
        if not wanted:
            return 0
        self._pipe.send_bytes(READ + PLACE.pack(self._at, wanted))
        piece = self._pipe.recv_bytes()
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def serve(pipe: Connection, memory: int) -> None:
    """Do one work after the other until the service hangs up.

    A work is a function, its arguments, and the size of the open file that comes before them, or None. It makes bytes, or
    pieces of them, each of which is sent as soon as it is made.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")  # what somebody's notebook lacks is nothing for the platform's log
    socket.socket = _NoSocket  # type: ignore[assignment,misc]
    while True:
        try:
            work, arguments, size = pipe.recv()
        except EOFError:
            return
        _do(pipe, work, arguments, size)


def _do(
    pipe: Connection,
    work: Callable[..., bytes | Iterator[bytes]],
    arguments: tuple[Any, ...],
    size: int | None,
) -> None:
    try:
        file = () if size is None else (io.BufferedReader(RemoteFile(pipe, size), 256 * 1024),)
        made = work(*file, *arguments)
        if isinstance(made, bytes):
            answer = DONE + made
        else:
            for piece in made:
                pipe.send_bytes(PIECE + piece)
            answer = DONE
    except BaseException as error:  # noqa: BLE001 - the process's edge: a file can be anything, and native code panics
        answer = FAILED + f"{type(error).__name__}: {error}"[:500].encode("utf-8", "replace")
    with contextlib.suppress(BrokenPipeError):
        pipe.send_bytes(answer)


class _NoSocket:
    """Nothing that is rendered fetches anything."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise OSError("there is no network here")
