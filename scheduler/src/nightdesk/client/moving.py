"""From a line into a file past the program's own memory, as Linux can do (splice): half of what receiving a large file costs."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_ROOM = 1 << 20
_SET_SIZE = 1031  # F_SETPIPE_SZ, which Python's fcntl has a name for since 3.10


class Pipe:
    """What holds the bytes in between; to be used as a context."""

    def __init__(self) -> None:
        import fcntl

        self._out, self._in = os.pipe()
        self._room = 1 << 16
        with suppress(OSError):  # more than this person may have
            self._room = fcntl.fcntl(self._in, _SET_SIZE, _ROOM)

    def __enter__(self) -> Pipe:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        os.close(self._out)
        os.close(self._in)

    def take(self, line: int, most: int) -> int:
        """At most so many bytes of what has come; how many. None are in the pipe before.

        Raises OSError: BlockingIOError where nothing has come, or of the line.
        """
        return os.splice(line, self._in, min(most, self._room))

    def give(self, file: int, count: int) -> None:
        """All that is in the pipe to where the file stands. Raises OSError of the file."""
        while count:
            try:
                count -= os.splice(self._out, file, count)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                count -= write(file, os.read(self._out, count))  # a file system that cannot


def write(file: int, content: bytes | memoryview) -> int:
    """All of it to where the file stands; how many."""
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]
    return len(content)


def can_move() -> bool:
    """Whether this system and Python can."""
    return hasattr(os, "splice")
