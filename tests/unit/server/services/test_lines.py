"""Lines of a follower, read in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from nightdesk.server.domain.errors import EngineError
from nightdesk.server.services.lines import Lines, Quiet

from .watching import until


class Follower:
    """Gives lines, then waits, breaks off or ends."""

    def __init__(self, lines: list[bytes], then: BaseException | None = None, wait: bool = False) -> None:
        self._lines, self._then = lines, then
        self.closed = threading.Event()
        self._wait = wait

    def __iter__(self) -> Iterator[bytes]:
        yield from self._lines
        if self._wait:
            self.closed.wait(10)
        if self._then is not None:
            raise self._then

    def close(self) -> None:
        self.closed.set()


def test_lines_and_the_end() -> None:
    lines = Lines(Follower([b"a", b"b"]), "test")
    assert [lines.next(1) for _ in range(3)] == [b"a", b"b", None]
    lines.close()


def test_nothing_came_in_time() -> None:
    follower = Follower([b"a"], wait=True)
    lines = Lines(follower, "test")
    assert lines.next(1) == b"a"
    with pytest.raises(Quiet):
        lines.next(0.01)
    lines.close()
    assert lines.next(1) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EngineError("the container's output broke off"), "the container's output broke off"),
        (KeyError("x"), "reading the container's output failed: KeyError: 'x'"),
    ],
)
def test_what_breaks_comes_out_at_the_reader(error: Exception, words: str) -> None:
    lines = Lines(Follower([b"a"], then=error), "test")
    assert lines.next(1) == b"a"
    with pytest.raises(EngineError) as caught:
        lines.next(1)
    assert caught.value.message == words
    lines.close()


def test_closing_wakes_whoever_waits() -> None:
    lines = Lines(Follower([], wait=True), "test")
    got: list[bytes | None] = []
    thread = threading.Thread(target=lambda: got.append(lines.next(None)))
    thread.start()
    lines.close()
    thread.join(5)
    assert got == [None]


def test_a_reader_that_went_away_holds_no_thread() -> None:
    """More lines than are read ahead: the reading thread has to notice that nobody wants them."""
    before = threading.active_count()
    lines = Lines(Follower([b"x"] * 5000), "test")
    assert lines.next(1) == b"x"
    lines.close()
    until(lambda: threading.active_count() <= before, "the reading thread ended")
