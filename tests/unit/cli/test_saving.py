"""A body that goes from the line into a file, past the program's own memory where it can."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from nightdesk.client import ConnectionLost
from nightdesk.client.http import Connection
from nightdesk.client.moving import Pipe

from .line_double import OK, Answer, Serve

CONTENT = os.urandom(3 * 2**20 + 5)
HALF = len(CONTENT) // 2
NEXT = OK + b"Content-Length: 2\r\n\r\nok"


def announced(content: bytes = CONTENT) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n" % len(content)


def chunked(content: bytes = CONTENT) -> Iterator[bytes]:
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for start in range(0, len(content), 300_001):
        part = content[start : start + 300_001]
        yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def slowly(*pieces: bytes) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        time.sleep(0.05)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "body"


@pytest.fixture
def file(path: Path) -> Iterator[FileIO]:
    with path.open("xb", buffering=0) as opened:
        yield opened


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much was moved past the program each time."""
    seen: list[int] = []
    give = Pipe.give

    def noted(pipe: Pipe, file: int, count: int) -> None:
        seen.append(count)
        give(pipe, file, count)

    monkeypatch.setattr(Pipe, "give", noted)
    return seen


def open_files() -> list[str]:
    """But for sockets: the server's open and close when they like."""
    links = []
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # what looks through the folder
            links.append(str(each.readlink()))
    return sorted(link for link in links if not link.startswith("socket:"))


def saved(connection: Connection, file: FileIO) -> int:
    return sum(connection.request("GET", "/", {}).saved(file))


@pytest.mark.parametrize(
    "answer",
    [
        [announced() + CONTENT],  # the first bytes come with the head
        slowly(announced(), CONTENT),
        slowly(announced() + CONTENT[:1], CONTENT[1:]),
        slowly(announced(), CONTENT[:1], CONTENT[1:HALF], CONTENT[HALF:-1], CONTENT[-1:]),
    ],
    ids=["at once", "after the head", "one with the head", "in pieces"],
)
def test_all_of_it_is_moved(
    serve: Serve, file: FileIO, path: Path, moved: list[int], answer: list[bytes]
) -> None:
    _, connection = serve([answer, NEXT])
    assert saved(connection, file) == len(CONTENT)
    assert path.read_bytes() == CONTENT
    assert sum(moved) > len(CONTENT) - 2**18
    line = connection._socket
    assert connection.request("GET", "/", {}).read() == b"ok"
    assert connection._socket is line is not None


def test_what_comes_with_the_head_alone(serve: Serve, file: FileIO, path: Path) -> None:
    _, connection = serve([[announced(b"hello") + b"hello"], [announced(b"")], NEXT])
    assert [saved(connection, file), saved(connection, file)] == [5, 0]
    assert path.read_bytes() == b"hello"
    assert connection.request("GET", "/", {}).read() == b"ok"


@pytest.mark.parametrize("move", [True, False])
@pytest.mark.parametrize("start", ["announced", "chunked", "until it is closed"])
def test_every_kind_of_body(
    serve: Serve, file: FileIO, path: Path, monkeypatch: pytest.MonkeyPatch, start: str, move: bool
) -> None:
    if not move:
        monkeypatch.setattr("nightdesk.client.http.can_move", lambda: False)
    bodies: dict[str, list[Answer]] = {
        "announced": [[announced(), CONTENT], NEXT],
        "chunked": [chunked(), NEXT],
        "until it is closed": [[OK + b"\r\n", CONTENT]],
    }
    _, connection = serve(bodies[start], [NEXT])
    assert saved(connection, file) == len(CONTENT)
    assert path.read_bytes() == CONTENT
    assert connection.request("GET", "/", {}).read() == b"ok"


def test_it_goes_on_from_where_the_file_stands(serve: Serve, path: Path, moved: list[int]) -> None:
    there, rest = CONTENT[:70_001], CONTENT[70_001:]
    path.write_bytes(there)
    _, connection = serve([[announced(rest) + rest[:3], rest[3:]]])
    with path.open("rb+", buffering=0) as file:
        file.seek(0, os.SEEK_END)
        assert saved(connection, file) == len(rest)
        assert file.tell() == len(CONTENT)
    assert path.read_bytes() == CONTENT
    assert moved


@pytest.mark.parametrize("before", [b"", CONTENT[:70_001]])
def test_a_line_that_goes_silent(
    serve: Serve, file: FileIO, path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    over = threading.Event()
    move = Connection.move

    def hastily(self: Connection, pipe: Pipe, file: int, most: int) -> int:
        return move(self, pipe, file, most, 0.2)

    def answer() -> Iterator[bytes]:
        yield announced()
        yield before
        over.wait(10)

    monkeypatch.setattr(Connection, "move", hastily)
    _, connection = serve([answer()])
    start, files = time.monotonic(), open_files()
    try:
        with pytest.raises(ConnectionLost, match="nothing came for"):
            saved(connection, file)
        assert time.monotonic() - start < 5
    finally:
        over.set()
    assert path.read_bytes() == before
    assert connection._socket is None
    assert open_files() == files


@pytest.mark.parametrize("there", [0, 3, HALF])
def test_a_line_that_breaks_in_the_middle(serve: Serve, file: FileIO, path: Path, there: int) -> None:
    _, connection = serve([[announced(), CONTENT[:there]]])
    response = connection.request("GET", "/", {})
    counts: list[int] = []
    with pytest.raises(ConnectionLost, match="ended in the middle"):
        counts.extend(response.saved(file))
    assert path.read_bytes() == CONTENT[:there]
    assert connection._socket is None


def test_a_file_system_that_cannot(
    serve: Serve, file: FileIO, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splice, refused = os.splice, []

    def half(source: int, target: int, count: int) -> int:
        if target == file.fileno():
            refused.append(count)
            raise OSError(errno.EINVAL, "Invalid argument")
        return splice(source, target, count)

    monkeypatch.setattr(os, "splice", half)
    _, connection = serve([[announced(), CONTENT], NEXT])
    assert saved(connection, file) == len(CONTENT)
    assert refused
    assert path.read_bytes() == CONTENT
    assert connection.request("GET", "/", {}).read() == b"ok"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS])
def test_a_system_that_cannot(
    serve: Serve, file: FileIO, path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "splice", refuse)
    _, connection = serve([[announced(), CONTENT], NEXT])
    assert saved(connection, file) == len(CONTENT)
    assert path.read_bytes() == CONTENT
    assert connection.request("GET", "/", {}).read() == b"ok"


def test_a_file_that_takes_it_in_parts(
    serve: Serve, file: FileIO, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splice = os.splice

    def part(source: int, target: int, count: int) -> int:
        return splice(source, target, count // 3 + 1 if target == file.fileno() else count)

    monkeypatch.setattr(os, "splice", part)
    _, connection = serve([[announced(), CONTENT]])
    assert saved(connection, file) == len(CONTENT)
    assert path.read_bytes() == CONTENT


def test_what_follows_it_on_the_line_is_none_of_it(serve: Serve, file: FileIO, path: Path) -> None:
    _, connection = serve([slowly(announced(), CONTENT + b"more")])
    assert saved(connection, file) == len(CONTENT)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("with_the_head", [0, 5])
def test_a_full_disk_is_not_the_lines_fault(serve: Serve, with_the_head: int) -> None:
    _, connection = serve([[announced() + CONTENT[:with_the_head], CONTENT[with_the_head:]]])
    response = connection.request("GET", "/", {})
    with Path("/dev/full").open("wb", buffering=0) as full:
        files = open_files()
        with pytest.raises(OSError, match="No space left") as caught:
            list(response.saved(full))
        assert caught.value.errno == errno.ENOSPC
        assert open_files() == files
    response.close()
    assert connection._socket is None, "half an answer is left on it"


def test_no_file_is_left_open(serve: Serve, file: FileIO) -> None:
    _, connection = serve([[announced(), CONTENT], [announced(), CONTENT]])
    response = connection.request("GET", "/", {})
    files = open_files()
    assert sum(response.saved(file)) == len(CONTENT)
    assert open_files() == files
    broken: Any = connection.request("GET", "/", {}).saved(file)
    next(broken)
    while open_files() == files:  # what came with the head needs no pipe
        next(broken)
    broken.close()  # whoever asks for no more
    assert open_files() == files
