"""Files that are either the old whole or the new whole."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

AT_ONCE = 262_144


def is_full(problem: OSError) -> bool:
    return problem.errno in (errno.ENOSPC, errno.EDQUOT)


def replace(path: str, content: Iterable[bytes]) -> None:
    """Put the pieces of `content` at `path` in one step; the last good file stays when there is no room for the new one.

    No fsync: the platform takes results over with a checksum before it believes in them, and a machine
    that loses power has lost the run's container with them.
    """
    partial = path + ".partial"
    try:
        file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            for block in _blocks(content):
                rest = memoryview(block)
                while rest:
                    rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)
        os.replace(partial, path)
    except OSError:
        remove(partial)
        raise


def _blocks(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """The pieces, which may be very small, put together."""
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= AT_ONCE:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
