"""Text that overwrites itself, long lines and quotas, without a kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.runner.limits import Allowance, Lines, Quota, size_of
from nightdesk.runner.masks import Masks
from nightdesk.runner.outputs import Displays, Outputs
from nightdesk.runner.raw_output import Echo
from nightdesk.runner.room import Room, Space
from nightdesk.runner.screen import visible, visible_chunk
from nightdesk.runner.streams import PIECE, Streams

NO_MASKS = Masks("/nowhere")
TEXTS = st.text(alphabet="ab\n\ré😀", max_size=40)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n", "plain\n"),
        ("10%\r20%\r30%\n", "30%\n"),
        ("windows\r\nlines\r\n", "windows\r\nlines\r\n"),
        ("a\rb\nc\rd", "b\nd"),
        ("10%\r", "10%\r"),
        ("a\r\r\rb", "b"),
        ("abc\b\bd\n", "ad\n"),
        ("a\n\bb", "a\nb"),
    ],
)
def test_what_is_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.lists(TEXTS, max_size=6))
def test_chunks_can_be_shortened_before_they_are_joined(chunks: list[str]) -> None:
    assert visible("".join(map(visible_chunk, chunks))) == visible("".join(chunks))


@given(st.lists(TEXTS.filter(lambda text: "\r" not in text), max_size=8), st.integers(1, 12))
def test_lines_are_cut_wherever_the_chunks_end(chunks: list[str], most: int) -> None:
    lines = Lines(most)
    cut = "".join(lines.cut(chunk) for chunk in chunks)
    for line, full in zip(cut.split("\n"), "".join(chunks).split("\n"), strict=True):
        if size_of(full) <= most:
            assert line == full
        else:
            kept, marker, rest = line.partition(f" [nightdesk: line cut after {most} bytes]")
            assert marker
            assert not rest
            assert full.startswith(kept)
            assert most - 4 < size_of(kept) <= most


@given(st.lists(st.text(alphabet="aé😀", min_size=1, max_size=10), max_size=20), st.integers(1, 60))
def test_a_quota_keeps_the_beginning_and_says_so_once(chunks: list[str], size: int) -> None:
    quota = Quota(size, "here")
    allowance = Allowance(quota)
    kept = "".join(map(allowance.take, chunks))
    full = "".join(chunks)
    if size_of(full) <= size:
        assert kept == full
    else:
        beginning, marker, rest = kept.partition(quota.marker)
        assert marker
        assert not rest
        assert full.startswith(beginning)
        assert size - 4 < size_of(beginning) <= size


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), TEXTS), max_size=12))
def test_outputs_show_what_a_terminal_would(pieces: list[tuple[str, str]]) -> None:
    outputs = Outputs([], Displays(), Allowance(Quota(10**6, "")), Room(Space(10**6, "")))
    expected: list[tuple[str, str]] = []
    for name, text in pieces:
        outputs.stream(name, text)
        if text and expected and expected[-1][0] == name:
            expected[-1] = (name, expected[-1][1] + text)
        elif text:
            expected.append((name, text))
    outputs.settle()
    shown = [(output["name"], "".join(output["text"])) for output in outputs.items]
    assert shown == [(name, visible(text)) for name, text in expected]


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), TEXTS), max_size=20))
def test_streams_lose_and_reorder_nothing(pieces: list[tuple[str, str]]) -> None:
    delivered: list[tuple[str, str]] = []
    streams = Streams(lambda _cell, name, text: delivered.append((name, text)), 1000, NO_MASKS)
    for name, text in pieces:
        streams.write(None, name, text)
    streams.flush()
    for name in ("stdout", "stderr"):
        there = "".join(text for each, text in delivered if each == name)
        assert visible(there) == visible("".join(text for each, text in pieces if each == name))
    assert streams.due == float("inf")


def test_streams_join_small_pieces_and_split_large_ones() -> None:
    delivered: list[str] = []
    streams = Streams(lambda _cell, _name, text: delivered.append(text), 10**6, NO_MASKS)
    for _ in range(100):
        streams.write(None, "stdout", "x\n")
    assert delivered == []
    streams.flush()
    assert delivered == ["x\n" * 100]
    streams.write(None, "stdout", "y" * (2 * PIECE + 1))
    assert [len(text) for text in delivered[1:]] == [PIECE, PIECE, 1]


def test_a_bar_that_is_drawn_very_often_is_not_hoarded() -> None:
    delivered: list[str] = []
    streams = Streams(lambda _cell, _name, text: delivered.append(text), 10**6, NO_MASKS)
    for number in range(100_000):
        streams.write(None, "stdout", f"\r{number}")
    assert delivered == []
    assert sum(map(len, streams._parts)) <= 2 * PIECE
    streams.flush()
    assert delivered == ["\r99999"]


@given(
    st.lists(st.sampled_from(["printed", "captured", "direct"]), max_size=30),
    st.lists(st.integers(1, 40), min_size=1),
    st.lists(st.integers(1, 60), min_size=1),
)
def test_echo_keeps_what_was_not_published(kinds: list[str], heard: list[int], published: list[int]) -> None:
    lines = [(kind, f"é {kind} {number}\n") for number, kind in enumerate(kinds)]
    both = {"published": ("printed", "captured"), "heard": ("captured", "direct")}
    texts = {side: "".join(line for kind, line in lines if kind in both[side]) for side in both}
    echo = Echo()
    for piece in _cut(texts["heard"], heard):
        echo.hear(0.0, None, piece)
    for piece in _cut(texts["published"], published):
        echo.publish(piece)
    shown = "".join(text for _, text in echo.unpublished())
    assert shown == "".join(line for kind, line in lines if kind == "direct")
    assert echo.due == float("inf")


def _cut(text: str, sizes: list[int]) -> list[str]:
    pieces: list[str] = []
    while text:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[:size])
        text = text[size:]
    return pieces
