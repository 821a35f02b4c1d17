"""The service's side of the process that renders: how long it may take, and what it may read."""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import IO, Any

from nightdesk.server.domain.errors import Conflict, Unavailable
from nightdesk.server.services.drawing_room import DONE, PLACE, READ, serve
from nightdesk.server.services.rendering import to_html

_MEMORY = 3 * 2**29  # of the process that renders; the service itself must go on
_SECONDS = 120.0
_TURN_SECONDS = 60.0
_log = logging.getLogger(__name__)


class _Unfinished(Exception):
    """The process ended, or it takes too long or too much."""


class Renderer:
    """A process that is started when somebody first asks for something; it does one thing at a time."""

    def __init__(self, seconds: float = _SECONDS, memory: int = _MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._turn = threading.Lock()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def html(self, source: bytes, title: str, code: bool = True) -> bytes:
        """A notebook as a page, with the inputs of its cells or without.

        Raises:
            Unavailable: it takes too long or too much.
            Conflict: it is none.
        """
        return self.do(to_html, source, title, code, what="the notebook", hint="Download notebook.ipynb.")

    def do(
        self,
        work: Callable[..., bytes],
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
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            raise Unavailable("other pages are being made", "Try again in a moment.")
        try:
            done, answer = self._ask(work, arguments, file)
        except _Unfinished as error:
            self._end()
            raise Unavailable(f"{what} is too large to be shown as a page", hint) from error
        finally:
            self._turn.release()
        if not done:
            _log.warning("%s cannot be shown: %s", what, answer.decode("utf-8", "replace"))
            raise Conflict(f"{what} cannot be shown as a page", hint)
        return answer

    def close(self) -> None:
        """End the process."""
        self._end()

    def _ask(
        self, work: Callable[..., bytes], arguments: tuple[Any, ...], file: tuple[IO[bytes], int, int] | None
    ) -> tuple[bool, bytes]:
        deadline = time.monotonic() + self._seconds
        left = 0 if file is None else file[2]
        try:
            pipe = self._started()
            pipe.send((work, arguments, None if file is None else file[1]))
            while pipe.poll(max(deadline - time.monotonic(), 0)):
                answer = pipe.recv_bytes()
                if file is None or answer[:1] != READ:
                    return answer[:1] == DONE, answer[1:]
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
        if self._process is None or not self._process.is_alive() or self._pipe is None:
            self._end()
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs, self._memory), name="renderer", daemon=True)
            process.start()
            theirs.close()
            self._process, self._pipe = process, ours
        return self._pipe

    def _end(self) -> None:
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join(5)
