"""A container's output in lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_LONGEST = 4 * 2**20  # bytes; the longest event of the runner is a tenth of it


def in_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines without their ends, the last one also where it has none.

    Code can print there in the runner's place, so a line without an end must not fill the memory:
    one that is longer than any event is passed over.
    """
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        for number, part in enumerate([first, *rest]):
            if number:
                if size <= _LONGEST:
                    yield b"".join(pieces)
                pieces, size = [], 0
            size += len(part)
            if size <= _LONGEST:
                pieces.append(part)
            else:
                pieces.clear()
    if 0 < size <= _LONGEST:
        yield b"".join(pieces)
