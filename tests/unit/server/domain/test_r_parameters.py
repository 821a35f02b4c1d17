"""Parameters in R: what a cell declares, and that values are written as R reads them."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.parameters import COMPUTED, Parameter, convert
from nightdesk.server.domain.r_parameters import parameters_of_r, written_in_r


def only(source: str) -> Parameter:
    """The one parameter of a cell."""
    found = parameters_of_r(source)
    assert found is not None
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("line", "kinds", "default"),
    [
        ("x <- 2026", {"float"}, 2026),
        ("x = 2026", {"float"}, 2026),
        ("x <<- 5L", {"int"}, 5),
        ("x <- -1.5e3", {"float"}, -1500),
        ("x <- 0x10L", {"int"}, 16),
        ('x <- "a"', {"str"}, "a"),
        ("x <- 'it\\'s \\u00e9\\n'", {"str"}, "it's é\n"),
        ("x <- TRUE", {"bool"}, True),
        ("x <- F", {"bool"}, False),
        ('x <- c("a", "b")', {"list"}, ["a", "b"]),
        ("x <- list(1, list(TRUE))", {"list"}, [1, [True]]),
        ('x <- list(a = 1, "b c" = NULL)', {"dict"}, {"a": 1, "b c": None}),
        ("x <- c(\n  1, # one\n  2\n)", {"list"}, [1, 2]),
        ("x <-\n  3", {"float"}, 3),
        ("x <- NULL", set(), None),
    ],
)
def test_a_type_comes_from_the_default(line: str, kinds: set[str], default: Any) -> None:
    parameter = only(line)
    assert (parameter.name, parameter.kinds, parameter.default) == ("x", kinds, default)
    assert type(parameter.default) is type(default) or kinds == {"float"} or kinds >= {"list"}


@pytest.mark.parametrize(
    "line",
    [
        "x <- 1 + 2",
        "x <- Sys.Date()",
        "x <- c(1, y)",
        "x <- 1:3",
        "x <- c(a = 1, 2)",
        "x <- 1e999",
        "x <- c(1",
    ],
)
def test_what_is_computed_takes_anything(line: str) -> None:
    found = parameters_of_r(line)
    if line == "x <- c(1":
        assert found is None, "it is no whole statement"
    else:
        assert found is not None
        assert (found[0].default, found[0].kinds) == (COMPUTED, frozenset())


def test_names_and_descriptions_of_several() -> None:
    source = """
    # parameters
    start.date <- "2026-01-01"  # the first day
    `top n` <- 10L; region <- "north; # south"  # where
    text <- "two
    lines" # told
    if (is.na(region)) { hidden <- 1 }
    f <- function(x) {
      inner <- 2
      x
    }
    print(region)
    5 -> backwards
    """
    found = parameters_of_r(source)
    assert found is not None
    assert [(each.name, each.help) for each in found] == [
        ("start.date", "the first day"),
        ("top n", ""),
        ("region", "where"),
        ("text", ""),
        ("f", ""),
    ]


@pytest.mark.parametrize("source", ['x <- "open', "x <- 1)", "x <- 1i", "¤"])
def test_what_is_no_plain_r_is_not_read(source: str) -> None:
    assert parameters_of_r(source) is None


def test_the_last_of_two_of_a_name_counts() -> None:
    assert only("x <- 1\nx <- 'a'").default == "a"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (2026, "2026"),
        (-1.5, "-1.5"),
        ('é "q" \\ \n 😀', '"é \\"q\\" \\\\ \\u000a 😀"'),
        ([1, 2.5], "c(1, 2.5)"),
        (["a", "b"], 'c("a", "b")'),
        ([True, 1], "list(TRUE, 1)"),
        ([], "list()"),
        ([None], "list(NULL)"),
        ({"a b": [1], "c": {}}, 'list("a b" = c(1), "c" = list())'),
    ],
)
def test_values_are_written_as_r_reads_them(value: Any, written: str) -> None:
    assert written_in_r(value) == written
    if value != {"a b": [1], "c": {}}:  # an empty list and empty names are one in R
        back = only(f"x <- {written}").default
        assert back == value


def test_what_is_typed_gets_the_type_of_the_default() -> None:
    assert convert(only("x <- 2025"), "2026", text=True) == 2026
    assert convert(only("x <- 2025"), "2026.5", text=True) == 2026.5
    assert convert(only("x <- '2025'"), "2026", text=True) == "2026"
    assert convert(only("x <- c('a')"), '["b"]', text=True) == ["b"]
    with pytest.raises(Invalid, match=r"parameter 'x' must be int, not 1\.5"):
        convert(only("x <- 5L"), "1.5", text=True)
