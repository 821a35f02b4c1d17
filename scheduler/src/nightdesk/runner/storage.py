"""Files that are either the old whole or the new whole."""

from __future__ import annotations

import errno
import os


def is_full(problem: OSError) -> bool:
    return problem.errno in (errno.ENOSPC, errno.EDQUOT)


def replace(path: str, content: bytes) -> None:
    """Put `content` at `path` in one step; the last good file stays when there is no room for the new one.

    No fsync: the platform takes results over with a checksum before it believes in them, and a machine
    that loses power has lost the run's container with them.
    """
    partial = path + ".partial"
    try:
        file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)
        os.replace(partial, path)
    except OSError:
        remove(partial)
        raise


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
