"""Parameters of a notebook: which are refused, and where and how the others get into it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.environment import Kernel
from nightdesk.server.services.notebook import prepare

from ..workbench import VERSION, code, notebook
from .preparing import PARAMETERS, checked, document, refusal

# 6 wrong type, 7 unknown, 8 no identifier, 10 NaN and the like


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"year": "soon"}, "parameter 'year' must be int, not \"soon\"", ""),
        ({"year": 2026.5}, "parameter 'year' must be int, not 2026.5", ""),
        ({"region": 5}, "parameter 'region' must be str or null, not 5", ""),
        ({"yeer": 2026}, "the notebook has no parameter 'yeer'", "It has: year, region, rate."),
        ({"a b": 1}, "'a b' is no name for a parameter", "Use letters, digits and underscores."),
        ({"class": 1}, "'class' is no name for a parameter", "Use letters, digits and underscores."),
        ({"x=1;import os;y": 1}, "'x=1;import os;y' is no name for a parameter", "Use letters"),
        ({"rate": float("nan")}, "parameter 'rate' must be a finite number, not nan", ""),
        ({"rate": float("inf")}, "parameter 'rate' must be a finite number, not inf", ""),
        ({"region": "a\x00b"}, "parameter 'region' contains a NUL character", ""),
        ({"region": "\ud83d"}, "parameter 'region' contains half a character (a lone surrogate)", ""),
    ],
    ids=str,
)
def test_parameters_that_are_refused(given: dict[str, Any], message: str, hint: str) -> None:
    told = refusal(notebook(PARAMETERS), given)
    assert told[0] == message
    assert told[1].startswith(hint)


def test_a_notebook_without_a_parameters_cell() -> None:
    for raw in (
        notebook(code("year = 1")),
        notebook(code("# nothing", "parameters")),
        notebook(
            {"cell_type": "markdown", "id": "m", "metadata": {"tags": ["parameters"]}, "source": "year = 1"}
        ),
    ):
        assert refusal(raw, {"year": 1}) == (
            "the notebook takes no parameter 'year': it has no variables in a cell tagged 'parameters'",
            "Put its variables in one cell and give that cell the tag 'parameters'.",
        )


def test_parameters_are_put_in_behind_their_cell() -> None:
    raw = notebook(code("import os"), PARAMETERS, code("print(year)"))
    prepared = checked(raw, {"year": "2025", "region": "north"}, text=True)
    assert prepared.parameters == {"year": 2025, "region": "north"}
    assert prepared.cells == 4
    node = document(prepared)
    assert [cell.source.split("\n")[0] for cell in node.cells] == [
        "import os",
        "year = 2026  # of the report",
        "# Parameters of this run",
        "print(year)",
    ]
    assert node.cells[2].metadata.tags == ["injected-parameters"]


def test_parameters_of_an_earlier_run_are_replaced() -> None:
    raw = notebook(PARAMETERS, code("year = 1999", "injected-parameters"), code("print(year)"))
    node = document(checked(raw, {"year": 2025}))
    assert ["1999" in cell.source for cell in node.cells] == [False, False, False]
    assert document(checked(raw)).cells[1].source == "year = 1999", "nothing given: nothing is touched"


def test_a_cell_that_cannot_be_read_for_parameters_takes_any() -> None:
    raw = notebook(code("%run setup.py\nyear = 1", "parameters"))
    assert checked(raw, {"year": "x", "other": 2}).parameters == {"year": "x", "other": 2}
    assert refusal(raw, {"a b": 1})[0] == "'a b' is no name for a parameter"


def test_a_notebook_in_r_gets_its_parameters_as_r() -> None:
    raw = notebook(code('year <- 2026\nregion.name <- "north"\ntop <- c(1, 2)', "parameters"), kernel="ir")
    values = {"year": "2025", "region.name": "Köln", "top": "[3, 4]"}
    node = document(checked(raw, values, text=True))
    assert node.cells[1].source.splitlines()[1:] == [
        "year <- 2025",
        'region.name <- "Köln"',
        "top <- c(3, 4)",
    ]
    assert refusal(raw, {"yaer": 1}) == (
        "the notebook has no parameter 'yaer'",
        "It has: year, region.name, top.",
    )
    assert refusal(raw, {"year": "last"}, text=True)[0] == "parameter 'year' must be float, not \"last\""
    assert refusal(raw, {"a;b": 1})[0] == "'a;b' is no name for a parameter"


def test_a_notebook_in_another_language() -> None:
    version = replace(VERSION, kernels=(*VERSION.kernels, Kernel("julia-1.12", "Julia", "julia")))
    raw = notebook(code("year = 2026", "parameters"), kernel="julia-1.12")
    prepared = prepare(raw, version, {"year": 2025}, False)
    assert "year = 2025" in document(prepared).cells[1].source


def test_nested_values_and_text_of_right_to_left_come_through() -> None:
    given = {"year": 5, "region": 'שלום "x" \\ \u202e \n \r\t 😀 {y}', "rate": 1e-300}
    assert injected(given) == given


def injected(given: dict[str, Any], cell: dict[str, Any] = PARAMETERS) -> dict[str, Any]:
    """The variables that the injected cell sets when it is executed."""
    node = document(checked(notebook(cell), given))
    namespace: dict[str, Any] = {}
    exec(node.cells[1].source, namespace)  # noqa: S102 - that is what a kernel does with it
    return {name: namespace[name] for name in given}


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_the_notebook_gets_is_what_was_given(value: Any) -> None:
    anything = code("x = None", "parameters")
    found = injected({"x": value}, anything)["x"]
    assert found == value
    assert type(found) is type(value)
