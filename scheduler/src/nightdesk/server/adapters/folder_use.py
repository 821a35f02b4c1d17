"""What a folder takes of the disk, counted no further than somebody wants to know.

``find`` and not Python's own walking: code can make a tree as deep as it likes, which ``find`` walks
through directory handles without following a link, and it counts in a process of its own, so that
a hundred thousand files hold up no other thread of the worker.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import IO

from nightdesk.server.ports.files import FolderUse

_BLOCK = 512  # what `%b` counts, whatever the file system's own blocks are


def use_of(folder: Path, enough: FolderUse) -> FolderUse:
    """Bytes on disk and number of entries below ``folder``; counting stops once either is past ``enough``.

    A sparse file counts with what it really takes, and one with several names once.
    """
    command = ["find", str(folder), "-mindepth", "1", "-xdev", "-printf", "%y %b %n %i\n"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as walk:
        assert walk.stdout is not None  # noqa: S101 - it was asked for
        try:
            return _count(walk.stdout, enough)
        finally:
            walk.kill()


def _count(lines: IO[bytes], enough: FolderUse) -> FolderUse:
    taken = entries = 0
    several: set[bytes] = set()  # inodes of files with more than one name
    for line in lines:
        kind, blocks, names, inode = line.split()
        entries += 1
        if kind == b"d" or names == b"1" or inode not in several:
            taken += int(blocks) * _BLOCK
        if kind != b"d" and names != b"1":
            several.add(inode)
        if taken > enough.bytes or entries > enough.files:
            break
    return FolderUse(taken, entries)
