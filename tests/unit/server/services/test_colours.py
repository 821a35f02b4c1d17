"""Of all that drives a terminal colours alone are kept, wherever the text is cut."""

from __future__ import annotations

import pytest
from nightdesk.server.services.colours import Colours

COLOURED = "\x1b[31mred\x1b[0m \x1b[1;38;5;46mgreen\x1b[m \x1b[38:2::1:2:3mblue"


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("plain 😀\ttext\n", "plain 😀\ttext\n"),
        (COLOURED, COLOURED),
        ("\x1b]0;a title\x07words", "words"),
        ("\x1b]8;;http://example.org\x1b\\a link\x1b]8;;\x1b\\", "a link"),
        ("\x1b]52;c;Y2xpcGJvYXJk\x07words", "words"),
        ("\x1b[2J\x1b[3;1H\x1b[?1049h\x1b[>4;2mwords", "words"),
        ("\x1bc\x1b(B\x1b=\x1b#8words", "words"),
        ("\x1bP1;2q#0~~\x1b\\words", "words"),
        ("bell\x07, back\x08space, \x9b31m, \x7f", "bell, backspace, 31m, "),
        ("\x1b]0;without an end\nnext", "\nnext"),
        ("\x1b]0;without\x1b[31mred", "\x1b[31mred"),
        ("50 %\r100 %\r\n", "50 %\r100 %\r\n"),
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_kept(printed: str, kept: str) -> None:
    assert Colours().only("stdout", printed + "\n") == kept + "\n"
    piece_by_piece = Colours()
    assert "".join(piece_by_piece.only("stdout", each) for each in [*printed, "\n"]) == kept + "\n"


def test_streams_do_not_cut_into_each_other() -> None:
    colours = Colours()
    assert colours.only("stdout", "a\x1b[3") == "a"
    assert colours.only("stderr", "1mb") == "1mb"
    assert colours.only("stdout", "1mred") == "\x1b[31mred"


def test_a_sequence_that_never_ends_holds_nothing_back_for_long() -> None:
    colours = Colours()
    shown = "".join(colours.only("stdout", "\x1b]0;" * (number == 0) + "x" * 1000) for number in range(20))
    assert "x" * 10_000 in shown
    assert "\x1b" not in shown
