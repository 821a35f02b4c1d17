"""A container's output in lines, however it comes and whatever it is."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.adapters import log_lines
from nightdesk.server.adapters.log_lines import in_lines


@given(st.lists(st.binary(max_size=20).map(lambda piece: piece.replace(b"a", b"\n"))))
def test_lines_are_whole_however_they_come(chunks: list[bytes]) -> None:
    whole = b"".join(chunks).split(b"\n")
    assert list(in_lines(chunks)) == (whole if whole[-1] else whole[:-1])


def test_a_line_without_an_end_fills_no_memory() -> None:
    def endless() -> Iterator[bytes]:
        yield b"before\n"
        for _ in range(100):
            yield b"x" * 2**20
        yield b"\nafter\n"

    assert list(in_lines(endless())) == [b"before", b"after"]
    assert list(in_lines([b"x" * (log_lines._LONGEST + 1)])) == []
    assert list(in_lines([b"x" * log_lines._LONGEST])) == [b"x" * log_lines._LONGEST]
