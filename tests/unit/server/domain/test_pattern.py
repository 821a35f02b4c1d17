"""Names with stars."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.pattern import Pattern


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("report", "report", True), ("report", "Report", False), ("report", "a report", False), ("a.b", "axb", False),
        ("*report*", "Monthly REPORT 2", True), ("report*", "a report", False), ("*report", "a report", True),
        ("a*b*c", "abc", True), ("a*b*c", "acb", False), ("*", "", True), ("**", "anything", True), ("ab*ba", "aba", False),
        ("ab*ba", "abba", True), ("*a*a*", "a", False), ("*a*a*", "aa", True), ("*ÜBER*", "die übersicht", True),
        ("[a-z]*", "x", False), ("%*", "x", False), ("", "", True), ("", "x", False),
    ],
)  # fmt: skip
def test_what_fits(pattern: str, name: str, fits: bool) -> None:
    assert Pattern(pattern).fits(name) is fits


@given(st.text("aB*", max_size=8), st.text("ab", max_size=12))
def test_stars_are_any_characters(pattern: str, name: str) -> None:
    if "*" in pattern:
        expression = ".*".join(re.escape(part) for part in pattern.split("*"))
        assert Pattern(pattern).fits(name) is bool(re.fullmatch(expression, name, re.IGNORECASE))
        assert not Pattern(pattern).fits(name) or Pattern(pattern).part in name.lower()
    else:
        assert Pattern(pattern).fits(name) is (pattern == name)


def test_no_pattern_takes_long() -> None:
    began = time.process_time()
    assert not Pattern("*a" * 100 + "b").fits("a" * 200)
    assert time.process_time() - began < 1


def test_what_a_database_may_begin_with_is_ascii() -> None:
    assert Pattern("*Übersicht*REPORT*ab*").part == "report"
    assert Pattern("*ü*").part == ""
