"""The service's side of the process that renders: how long it may take, and what it may read."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import IO, Any

from nightdesk.server.domain.errors import Conflict, Unavailable
from nightdesk.server.services.drawing_room import DONE, PIECE, PLACE, READ
from nightdesk.server.services.rendering import html_pieces, pieces_so_far
from nightdesk.server.web.forker import Worker, forker

_MEMORY = 3 * 2**29  # of the process that renders; the service itself must go on
_SECONDS = 120.0
_TURN_SECONDS = 60.0
_log = logging.getLogger(__name__)


class _Unfinished(Exception):
    """The process ended, or it takes too long or too much."""


class Renderer:
    """A process that is made when somebody first asks for something; it does one thing at a time."""

    def __init__(self, seconds: float = _SECONDS, memory: int = _MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._turn = threading.Lock()
        self._worker: Worker | None = None

    def html(self, file: IO[bytes], size: int, title: str, code: bool = True) -> Iterator[bytes]:
        """A notebook as a page, from its top on, with the inputs of its cells or without.

        Raises:
            Unavailable: it takes too long or too much.
            Conflict: it is none.
        """
        what = {"what": "the notebook", "hint": "Download notebook.ipynb."}
        return self.pieces(html_pieces, title, code, file=(file, size, size), **what)

    def so_far(self, file: IO[bytes], size: int, title: str, cell: int) -> Iterator[bytes]:
        """A notebook that is being executed as a page, up to the code cell of this number.

        Raises:
            Unavailable, Conflict: see :meth:`html`.
        """
        what = {"what": "the notebook", "hint": "Look again when the run is over."}
        return self.pieces(pieces_so_far, title, cell, file=(file, size, size), **what)

    def do(
        self,
        work: Callable[..., bytes | Iterator[bytes]],
        *arguments: Any,
        file: tuple[IO[bytes], int, int] | None = None,
        what: str = "the file",
        hint: str = "Download it.",
    ) -> bytes:
        """What ``work`` makes of the arguments, in the other process.

        Args:
            work: a function of a module that is named there the same.
            arguments: what it is given.
            file: an open file, its size, and how much of it may be read; the work's first argument then.
            what: what it is about, for the words of a refusal.
            hint: what to do instead.

        Raises:
            Unavailable: it takes too long or too much, or others are being served.
            Conflict: the work failed.
        """
        return b"".join(self.pieces(work, *arguments, file=file, what=what, hint=hint))

    def pieces(
        self,
        work: Callable[..., bytes | Iterator[bytes]],
        *arguments: Any,
        file: tuple[IO[bytes], int, int] | None = None,
        what: str = "the file",
        hint: str = "Download it.",
    ) -> Iterator[bytes]:
        """The same piece by piece, as the other process makes them. It is busy until the last one was taken.

        Raises:
            Unavailable, Conflict: see :meth:`do`; with the first piece, or in the middle.
        """
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            raise Unavailable("other pages are being made", "Try again in a moment.")
        whole = False
        try:
            for kind, piece in self._ask(work, arguments, file):
                if kind not in {DONE, PIECE}:
                    _log.warning("%s cannot be shown: %s", what, piece.decode("utf-8", "replace"))
                    whole = True  # the process is as good as before
                    raise Conflict(f"{what} cannot be shown as a page", hint)
                whole = kind == DONE
                if piece:
                    yield piece
        except _Unfinished as error:
            raise Unavailable(f"{what} is too large to be shown as a page", hint) from error
        finally:
            if not whole:
                self._end()
            self._turn.release()

    def close(self) -> None:
        """End the process."""
        self._end()

    def _ask(
        self,
        work: Callable[..., bytes | Iterator[bytes]],
        arguments: tuple[Any, ...],
        file: tuple[IO[bytes], int, int] | None,
    ) -> Iterator[tuple[bytes, bytes]]:
        deadline = time.monotonic() + self._seconds
        left = 0 if file is None else file[2]
        try:
            pipe = self._started()
            pipe.send((work, arguments, None if file is None else file[1]))
            while pipe.poll(max(deadline - time.monotonic(), 0)):
                answer = pipe.recv_bytes()
                if answer[:1] == PIECE:
                    yield PIECE, answer[1:]
                    continue
                if file is None or answer[:1] != READ:
                    yield answer[:1], answer[1:]
                    return
                start, length = PLACE.unpack(answer[1:])
                left -= length
                if left < 0:
                    raise _Unfinished("it reads too much")
                file[0].seek(start)
                pipe.send_bytes(file[0].read(length))
        except (OSError, EOFError, ValueError) as error:
            raise _Unfinished(str(error)) from error
        raise _Unfinished("it takes too long")

    def _started(self) -> Connection:
        if self._worker is None or not self._worker.alive:
            self._end()
            self._worker = forker.worker(self._memory)
        return self._worker.pipe

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()
