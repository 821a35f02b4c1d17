"""Months, and tables that no spreadsheet obeys."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.csv_text import csv_text
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.use import Held, Month

MONTHS = st.builds(Month, st.integers(2000, 2200), st.integers(1, 12))
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


@given(MONTHS)
def test_months_follow_each_other_without_a_gap(month: Month) -> None:
    assert month.end == month.next.start
    assert month.next.before == month == month.before.next
    assert 28 <= (month.end - month.start) / 86400 <= 31
    assert Month.read(str(month)) == month


@given(st.floats(0, 7_000_000_000))
def test_a_moment_is_in_its_month(at: float) -> None:
    month = Month.of(at)
    assert month.start <= at < month.end


def test_the_end_of_the_year() -> None:
    assert (str(Month(2026, 12).next), str(Month(2026, 1).before)) == ("2027-01", "2025-12")
    assert Month(2026, 11).words == "November 2026"


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "26-11", "2026-11-01", "now", "٢٠٢٦-11", "9999-12"]
)
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(Invalid, match="is no month"):
        Month.read(text)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20), min_size=1, max_size=4
    )
)
def test_no_cell_is_a_formula_and_none_is_lost(cells: list[str]) -> None:
    text = csv_text(["n"] * len(cells), [cells])
    _, row = list(csv.reader(io.StringIO(text, newline="")))
    for sent, found in zip(cells, row, strict=True):
        assert found in {sent, f"'{sent}"}
        assert not found.lstrip(" ").startswith(DANGEROUS), found


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(0)", "+1", "-1", "@SUM(A1)", "\t=1", " =1", '=cmd|"/C calc"!A0']
)
def test_a_name_that_would_be_a_formula(name: str) -> None:
    (row,) = list(csv.reader(io.StringIO(csv_text(["name"], [[name]]).split("\r\n", 1)[1])))
    assert row == [f"'{name}"]


def test_numbers_are_numbers_also_below_zero() -> None:
    assert csv_text(["a", "b", "c", "d"], [[1.25, -2.0, 7, None]]) == "a,b,c,d\r\n1.25,-2,7,\r\n"


def test_what_is_held_adds_up() -> None:
    assert Held(1, 2.0, 4) + Held(2, 0.5, 1) == Held(3, 2.5, 5)
