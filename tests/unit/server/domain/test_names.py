"""Names that code chose, on one line of a log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.names import on_one_line


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plots/größe 😀.png", "plots/größe 😀.png"),
        ("e\u0301 and \u05e9\u05dc", "e\u0301 and \u05e9\u05dc"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\u202egnp.html", "\\u202egnp.html"),
        ("bad\udcff", "bad\\xff"),
        ("half\ud83d", "half\\ud83d"),
        ("x" * 300, "x" * 200 + "…"),
    ],
    ids=ascii,
)
def test_what_is_shown(name: str, shown: str) -> None:
    assert on_one_line(name) == shown


@given(st.text(st.characters()))
def test_any_name_is_one_line_of_text(name: str) -> None:
    shown = on_one_line(name)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= 201
