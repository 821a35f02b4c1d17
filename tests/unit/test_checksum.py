"""The checksum that is computed beside."""

from __future__ import annotations

import hashlib
import os
import threading

import pytest
from nightdesk.checksum import Checksum


@pytest.mark.parametrize("size", [0, 10, 8 * 2**20, 8 * 2**20 + 1, 20 * 2**20 + 7])
@pytest.mark.parametrize("piece", [2**19, 2**20 + 3])
def test_it_is_the_same_as_of_the_whole(size: int, piece: int) -> None:
    content = os.urandom(size)
    rooms = [bytearray(piece), bytearray(piece)]
    with Checksum() as checksum:
        for number, start in enumerate(range(0, size, piece)):
            part = content[start : start + piece]
            room = rooms[number % 2]  # what was given last but one is written over
            room[: len(part)] = part
            checksum.update(memoryview(room)[: len(part)])
        assert checksum.hexdigest() == hashlib.sha256(content).hexdigest()
        assert checksum.size == size
        checksum.update(b"more")
        assert checksum.hexdigest() == hashlib.sha256(content + b"more").hexdigest()


def test_no_thread_is_left_where_it_broke_off() -> None:
    checksum = Checksum()

    def broken() -> None:
        with checksum:
            for _ in range(12):
                checksum.update(bytes(2**20))
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        broken()
    assert "checksum" not in {thread.name for thread in threading.enumerate()}
