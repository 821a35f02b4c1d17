"""How one wish becomes many sets of parameters."""

from __future__ import annotations

import csv
import io
from math import prod
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nightdesk.server.domain.errors import Invalid, NightdeskError, TooLarge
from nightdesk.server.domain.expansion import MOST_RUNS, Draw, Drawing, Kind, Wish, expand, sum_of, varied

NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True).filter(
    lambda name: name not in {"if", "in", "is", "or", "as"}
)
VALUES = st.one_of(st.integers(-5, 5), st.booleans(), st.text(max_size=4), st.floats(0, 1))


def grid(**values: Any) -> Wish:
    return Wish(Kind.GRID, grid=values)


def table(text: str) -> Wish:
    return Wish(Kind.CSV, table=text)


def drawn(count: int = 5, seed: int = 1, **draws: Draw) -> Wish:
    return Wish(Kind.RANDOM, count=count, seed=seed, draws=draws)


def key(point: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((name, type(value).__name__, value) for name, value in point.items())


def distinct(values: list[Any]) -> bool:
    return len({(type(value).__name__, value) for value in values}) == len(values)


@given(
    st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=4).filter(distinct), min_size=1, max_size=4)
)
def test_a_grid_is_each_combination_once(values: dict[str, list[Any]]) -> None:
    try:
        points = expand(Wish(Kind.GRID, grid=values))
    except Invalid:
        assume(False)  # a keyword as a name
    assert len(points) == prod(len(each) for each in values.values())
    assert len({key(point) for point in points}) == len(points)
    assert all(list(point) == list(values) for point in points)
    assert all(point[name] in values[name] for point in points for name in point)


def test_the_last_parameter_of_a_grid_changes_fastest() -> None:
    assert expand(grid(a=[1, 2], b=["x", "y"])) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    assert sum_of(grid(a=[1, 2], b=["x", "y"]), 4) == "a (2) x b (2): 4 runs"


@given(
    st.integers(0, 2**53 - 1),
    st.integers(1, 60),
    st.floats(1e-9, 1e9),
    st.floats(1e-9, 1e9),
    st.integers(-(10**6), 10**6),
    st.integers(0, 1000),
)
def test_what_is_drawn_lies_where_it_was_asked_for_and_comes_again(
    seed: int, count: int, one: float, other: float, low: int, width: int
) -> None:
    ends = {"low": min(one, other), "high": max(one, other)}
    wish = drawn(
        count,
        seed,
        plain=Draw(Drawing.UNIFORM, **ends),
        log=Draw(Drawing.LOGUNIFORM, **ends),
        whole=Draw(Drawing.INT, low, low + width),
        word=Draw(Drawing.CHOICE, values=("a", 2)),
    )
    points = expand(wish)
    assert points == expand(wish)
    assert len(points) == count
    for point in points:
        assert ends["low"] <= point["plain"] <= ends["high"]
        assert ends["low"] <= point["log"] <= ends["high"]
        assert isinstance(point["whole"], int)
        assert low <= point["whole"] <= low + width
        assert point["word"] in ("a", 2)


def test_both_ends_and_each_choice_are_drawn_and_the_seed_matters() -> None:
    whole = drawn(200, 3, n=Draw(Drawing.INT, 1, 3), c=Draw(Drawing.CHOICE, values=("a", "b")))
    assert {point["n"] for point in expand(whole)} == {1, 2, 3}
    assert {point["c"] for point in expand(whole)} == {"a", "b"}
    assert expand(whole) != expand(
        drawn(200, 4, n=Draw(Drawing.INT, 1, 3), c=Draw(Drawing.CHOICE, values=("a", "b")))
    )
    wide = [point["x"] for point in expand(drawn(400, 5, x=Draw(Drawing.LOGUNIFORM, 1e-4, 1.0)))]
    assert (
        150 < sum(value < 0.01 for value in wide) < 250
    )  # as many below the middle of the logarithms as above


@given(
    st.lists(
        st.lists(st.text(alphabet='ab,"\n ü1.', min_size=1, max_size=5), min_size=2, max_size=2),
        min_size=1,
        max_size=20,
    )
)
def test_a_table_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    assume(all(any(cell.strip() for cell in row) for row in rows))
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b"], *rows])
    wanted = [{name: cell for name, cell in zip("ab", row, strict=True) if cell.strip()} for row in rows]
    assert expand(table(text.getvalue())) == wanted


def test_an_empty_cell_leaves_its_parameter_out_and_empty_lines_are_nothing() -> None:
    assert expand(table("\ufefflr,depth\r\n0.1,\r\n\r\n,3\r\n")) == [{"lr": "0.1"}, {"depth": "3"}]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (grid(), "has no run"),
        (grid(a=[]), "has no values"),
        (grid(a=[1, 1]), "twice"),
        (Wish(Kind.LIST), "has no run"),
        (grid(**{"not a name": [1]}), "no name for a parameter"),
        (Wish(Kind.LIST, points=[{"a": 1}], fixed={"a": 2}), "Say it once"),
        (drawn(0, a=Draw(Drawing.INT, 1, 2)), "at least 1"),
        (drawn(3), "what is to be drawn"),
        (drawn(3, seed=-1, a=Draw(Drawing.INT, 1, 2)), "a seed is"),
        (drawn(3, a=Draw(Drawing.CHOICE)), "no values"),
        (drawn(3, a=Draw(Drawing.UNIFORM, 2, 1)), "the lower one first"),
        (drawn(3, a=Draw(Drawing.UNIFORM, 0, float("inf"))), "between two numbers"),
        (drawn(3, a=Draw(Drawing.UNIFORM, -1e308, 1e308)), "too far apart"),
        (drawn(3, a=Draw(Drawing.LOGUNIFORM, 0, 1)), "log-uniformly"),
        (drawn(3, a=Draw(Drawing.INT, 0.5, 1)), "whole numbers"),
        (drawn(3, a=Draw(Drawing.INT, 0, 2**64)), "whole numbers"),
        (table(""), "has no run"),
        (table("a,b\n"), "no rows"),
        (table("a,a\n1,2\n"), "two columns 'a'"),
        (table("a,\n1,2\n"), "column 2 of the table has no name"),
        (table("a,b\n1\n"), "line 2 of the table has 1 cells"),
        (table('a\n"1\n'), "no CSV"),
    ],
)
def test_what_makes_no_sweep_is_refused_in_words(wish: Wish, words: str) -> None:
    with pytest.raises(NightdeskError) as caught:
        expand(wish)
    assert words in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "wish",
    [
        grid(a=list(range(40)), b=list(range(40))),
        grid(**{f"p{number}": list(range(10)) for number in range(40)}),  # is not written out to be counted
        Wish(Kind.LIST, points=[{"a": number} for number in range(MOST_RUNS + 1)]),
        drawn(MOST_RUNS + 1, a=Draw(Drawing.INT, 1, 2)),
        table("a\n" + "1\n" * (MOST_RUNS + 1)),
        Wish(Kind.LIST, points=[{f"p{number}": 1 for number in range(51)}]),
        table("a\n" + "x" * 20_000),
    ],
)
def test_what_is_too_much_is_refused(wish: Wish) -> None:
    with pytest.raises(TooLarge):
        expand(wish)


def test_what_is_the_same_for_all_goes_to_each_and_is_not_varied() -> None:
    wish = Wish(Kind.LIST, points=[{"a": 1}, {"b": 2}], fixed={"year": 2026})
    points = expand(wish)
    assert points == [{"year": 2026, "a": 1}, {"year": 2026, "b": 2}]
    assert varied(points, wish.fixed) == ["a", "b"]
