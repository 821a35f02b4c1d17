"""The checksum that is computed beside."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from nightdesk.checksum import Checksum, FileChecksum

from ..support.waiting import until


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


def following() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "checksum"]


@pytest.mark.parametrize("size", [0, 10, 2**24 - 1, 2**24, 2**24 + 1, 40 * 2**20 + 7])
@pytest.mark.parametrize("step", [2**20, 3_000_017, 17 * 2**20 + 1])
def test_of_a_file_while_it_grows(tmp_path: Path, size: int, step: int) -> None:
    content, path, followed = os.urandom(size), tmp_path / "growing", False
    with path.open("xb", buffering=0) as file, FileChecksum(path) as checksum:
        for start in range(0, size, step):
            file.write(content[start : start + step])
            checksum.grown(min(start + step, size))
            followed = followed or bool(following())
        assert checksum.hexdigest() == hashlib.sha256(content).hexdigest()
        assert followed == (size >= 2**24), "what is small is not worth a thread"
    assert not following()


def test_what_was_there_before_counts(tmp_path: Path) -> None:
    content, path = os.urandom(20 * 2**20 + 3), tmp_path / "there"
    path.write_bytes(content)
    with FileChecksum(path) as checksum:
        checksum.grown(len(content))
        assert checksum.hexdigest() == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("left", [0, 10, 20 * 2**20])
def test_a_file_that_was_cut_short_has_another(tmp_path: Path, left: int) -> None:
    content, path = os.urandom(40 * 2**20), tmp_path / "cut"
    path.write_bytes(content)
    with FileChecksum(path) as checksum:
        os.truncate(path, left)
        checksum.grown(len(content))
        checksum.grown(len(content))
        if left < 2**24:
            until(lambda: not following(), "nobody waits for what is not there", seconds=5, every=0.01)
        assert checksum.hexdigest() == hashlib.sha256(content[:left]).hexdigest()
    assert not following()


def test_a_file_that_is_cut_short_behind_its_reader(tmp_path: Path) -> None:
    content, path = os.urandom(40 * 2**20), tmp_path / "cut"
    path.write_bytes(content)
    with FileChecksum(path) as checksum:
        checksum.grown(len(content))
        until(lambda: checksum._read == 2**25, "it is read but for what is just being written", every=0.01)
        os.truncate(path, 10)
        checksum.grown(len(content) + 2**24)
        assert checksum.hexdigest() == hashlib.sha256(content[: 2**25]).hexdigest()
    assert not following()


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "gone"
    path.write_bytes(bytes(2**24))
    with FileChecksum(path) as checksum:
        checksum._file.close()
        checksum._file = Unreadable()  # type: ignore[assignment]
        checksum.grown(2**24)
        with pytest.raises(OSError, match="unreadable"):
            checksum.hexdigest()
    assert not following()


class Unreadable:
    """As of a disk that breaks."""

    def readinto(self, _room: memoryview) -> int:
        raise OSError("unreadable")

    def close(self) -> None:
        pass


def test_nobody_follows_a_file_any_more_where_it_broke_off(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(bytes(40 * 2**20))
    followers: list[FileChecksum] = []

    def broken() -> None:
        with FileChecksum(path) as checksum:
            followers.append(checksum)
            checksum.grown(40 * 2**20)
            assert following()
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        broken()
    assert not following()
    assert followers[0]._file.closed
