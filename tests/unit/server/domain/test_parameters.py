"""Parameters: what a parameters cell declares, whether values fit, and that they come back as they went in."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.parameters import (
    COMPUTED,
    Parameter,
    check_name,
    check_value,
    convert,
    parameters_of_python,
    script_value,
)


def only(source: str) -> Parameter:
    """The one parameter of a cell."""
    found = parameters_of_python(source)
    assert found is not None
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("line", "kinds", "optional", "default"),
    [
        ("x = 1", {"int"}, False, 1),
        ("x = -1", {"int"}, False, -1),
        ("x = 1.5", {"float"}, False, 1.5),
        ("x = 'a'", {"str"}, False, "a"),
        ("x = True", {"bool"}, False, True),
        ("x = [1, 2]", {"list"}, False, [1, 2]),
        ("x = (1, 2)", {"list"}, False, (1, 2)),
        ("x = {'a': 1}", {"dict"}, False, {"a": 1}),
        ("x = None", set(), True, None),
        ("x = {1, 2}", set(), True, {1, 2}),
        ("x = b'a'", set(), True, b"a"),
        ("x = today()", set(), True, COMPUTED),
        ("x = 1 + y", set(), True, COMPUTED),
        ("x: int = 1", {"int"}, False, 1),
        ("x: float = 1", {"float"}, False, 1),
        ("x: int", {"int"}, False, COMPUTED),
        ("x: 'int' = 1", {"int"}, False, 1),
        ("x: int | None = None", {"int"}, True, None),
        ("x: int = None", {"int"}, True, None),
        ("x: 'int | str' = 1", {"int", "str"}, False, 1),
        ("x: Optional[int] = 1", {"int"}, True, 1),
        ("x: typing.Optional[float] = 1", {"float"}, True, 1),
        ("x: Union[int, str, None] = 1", {"int", "str"}, True, 1),
        ("x: list[int] = []", {"list"}, False, []),
        ("x: List[int] = []", {"list"}, False, []),
        ("x: Sequence[str] = ()", {"list"}, False, ()),
        ("x: dict[str, int] = {}", {"dict"}, False, {}),
        ("x: Mapping[str, int] = {}", {"dict"}, False, {}),
        ("x: Literal['a', 'b'] = 'a'", {"str"}, False, "a"),
        ("x: Literal[1, 'b'] = 1", {"int", "str"}, False, 1),
        ("x: Literal['a', None] = 'a'", {"str"}, True, "a"),
        ("x: Any = 1", set(), True, 1),
        ("x: pd.Timestamp = 1", set(), True, 1),
        ("x: int | pd.Timestamp = 1", set(), True, 1),
        ("x: 'not python (' = 1", set(), True, 1),
        ("x: Annotated[int, 'years'] = 1", set(), True, 1),
    ],
)
def test_what_a_line_declares(line: str, kinds: set[str], optional: bool, default: Any) -> None:
    parameter = only(line)
    assert (parameter.name, parameter.kinds, parameter.optional) == ("x", kinds, optional)
    assert parameter.default == default
    assert type(parameter.default) is type(default)


def test_a_cell_of_many_lines() -> None:
    found = parameters_of_python(
        "# Which report\n"
        "import datetime\n"
        "year: int = 2026  # of the report\n"
        "region = 'north'\n"
        "a = b = 0  # two at once\n"
        "c, d = 1, 2\n"
        "options['x'] = 1\n"
        "if True:\n    hidden = 1\n"
        "def f():\n    inner = 1\n"
        "long = [\n  1,\n  2,\n]  # at its end\n"
        "region = 'south'  # the last one counts\n"
    )
    assert found is not None
    assert {parameter.name: parameter.help for parameter in found} == {
        "year": "of the report",
        "region": "the last one counts",
        "a": "two at once",
        "b": "two at once",
        "long": "at its end",
    }
    assert {parameter.name: parameter.default for parameter in found}["region"] == "south"


@pytest.mark.parametrize(
    "source", ["x = (", "%matplotlib inline\nx = 1", "x = 1\n  y = 2", "\x00", "x = '" + "(" * 5000, "(" * 5000 + ")" * 5000]
)  # fmt: skip
def test_a_cell_that_is_no_plain_python_says_so(source: str) -> None:
    assert parameters_of_python(source) is None


def test_an_empty_cell() -> None:
    assert parameters_of_python("") == []
    assert parameters_of_python("# nothing\n") == []


@pytest.mark.parametrize(
    ("declared", "value", "text", "becomes"),
    [
        # JSON values: the type must be right
        ("x = 1", 5, False, 5),
        ("x = 1.5", 5, False, 5),
        ("x = 1.5", 5.25, False, 5.25),
        ("x = 'a'", "5", False, "5"),
        ("x = True", False, False, False),
        ("x: int | None = 1", None, False, None),
        ("x = None", {"a": [1]}, False, {"a": [1]}),
        ("x = []", [1, "a"], False, [1, "a"]),
        ("x = {}", {}, False, {}),
        # text as typed: read by the type
        ("x = 1", "5", True, 5),
        ("x = 1", "-5", True, -5),
        ("x = 1", "1e3", True, 1000),
        ("x = 1.5", "5", True, 5),
        ("x = 1.5", "0.1", True, 0.1),
        ("x = 'a'", "5", True, "5"),
        ("x = 'a'", "true", True, "true"),
        ("x = 'a'", "", True, ""),
        ("x = 'a'", '{"a": 1}', True, '{"a": 1}'),
        ("x = 'a'", "null", True, "null"),
        ("x: str | None = 'a'", "null", True, None),
        ("x: int | None = 1", "None", True, None),
        ("x = True", "false", True, False),
        ("x = True", " Yes ", True, True),
        ("x = True", "0", True, False),
        ("x = True", "on", True, True),
        ("x = []", "[1, 2]", True, [1, 2]),
        ("x = {}", '{"a": 1}', True, {"a": 1}),
        ("x: int | str = 1", "5", True, 5),
        ("x: int | str = 1", "five", True, "five"),
        ("x: int | str = 1", "[1]", True, "[1]"),
        ("x = None", "5", True, 5),
        ("x = None", "five", True, "five"),
        ("x = None", "007", True, "007"),
        ("x = None", "NaN", True, "NaN"),
        ("x = None", "[" * 100_000, True, "[" * 100_000),
        # values that are no text stay what they are, even among text
        ("x = 1", 5, True, 5),
    ],
)
def test_values_that_fit(declared: str, value: Any, text: bool, becomes: Any) -> None:
    converted = convert(only(declared), value, text)
    assert converted == becomes
    assert type(converted) is type(becomes)


@pytest.mark.parametrize(
    ("declared", "value", "text", "words"),
    [
        ("x = 1", "5", False, 'must be int, not "5"'),
        ("x = 1", 5.5, False, "must be int, not 5.5"),
        ("x = 1", 5.0, False, "must be int, not 5.0"),
        ("x = 1", True, False, "must be int, not true"),
        ("x = 1", None, False, "must be int, not null"),
        ("x = 1", [1], False, "must be int, not [1]"),
        ("x = 1.5", "5", False, 'must be float, not "5"'),
        ("x = 1.5", True, False, "must be float, not true"),
        ("x = 'a'", 5, False, "must be str, not 5"),
        ("x = True", 1, False, "must be bool, not 1"),
        ("x = []", {}, False, "must be list, not {}"),
        ("x: int | None = 1", "a", False, 'must be int or null, not "a"'),
        ("x: int | str = 1", [], False, "must be int or str, not []"),
        ("x = 1", "five", True, 'must be int, not "five"'),
        ("x = 1", "5.5", True, "must be int, not 5.5"),
        ("x = 1", "", True, 'must be int, not ""'),
        ("x = 1", "true", True, "must be int, not true"),
        ("x = 1", "9" * 5000, True, 'must be int, not "999'),
        ("x = 1.5", "NaN", True, 'must be float, not "NaN"'),
        ("x = 1.5", "Infinity", True, 'must be float, not "Infinity"'),
        ("x = True", "maybe", True, 'must be bool, not "maybe"'),
        ("x = []", "1, 2", True, 'must be list, not "1, 2"'),
        ("x = {}", "[1]", True, "must be dict, not [1]"),
    ],
)
def test_values_that_do_not_fit(declared: str, value: Any, text: bool, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        convert(only(declared), value, text)
    assert caught.value.message.startswith(f"parameter 'x' {words}")
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("name", ["x", "_x", "X1", "größe", "名前", "x" * 100])
def test_names(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1x",
        "a b",
        "a-b",
        "a.b",
        "a=1; import os",
        "class",
        "None",
        "True",
        "import",
        "a\n",
        "x" * 101,
        "\ud800",
        "{x}",
    ],
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_name(name)
    assert "is no name for a parameter" in caught.value.message
    caught.value.message.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "must be a finite number, not nan"),
        (math.inf, "must be a finite number, not inf"),
        ([1, [-math.inf]], "must be a finite number, not -inf"),
        ({"a": math.nan}, "must be a finite number"),
        ("a\x00b", "contains a NUL character"),
        (["\x00"], "contains a NUL character"),
        ({"\x00": 1}, "contains a NUL character"),
        ("\ud83d", "contains half a character (a lone surrogate)"),
        ({"a": {"\udc00": 1}}, "contains half a character"),
    ],
)
def test_values_that_would_not_come_back(value: Any, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_value("x", value)
    assert caught.value.message.startswith(f"parameter 'x' {words}")


def test_nesting_has_an_end() -> None:
    value: Any = 1
    for _ in range(50):
        value = [value]
    check_value("x", value)
    with pytest.raises(Invalid, match="nested too deeply"):
        check_value("x", [value])


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("5", 5), ("5.5", 5.5), ("true", True), ("null", None), ("five", "five"), ("", ""), ("007", "007"),
        ("[1]", "[1]"), ('"a"', '"a"'), ("NaN", "NaN"), ("True", "True"), (5, 5), ([1], [1]),
        ("[" * 100_000, "[" * 100_000),
    ],
)  # fmt: skip
def test_what_is_typed_for_a_script(typed: Any, value: Any) -> None:
    assert script_value(typed) == value
    assert type(script_value(typed)) is type(value)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_every_value_that_is_let_in_comes_back_the_same(value: Any) -> None:
    check_value("x", value)
    assert json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8")) == value


@given(JSON)
def test_a_value_typed_as_json_is_what_the_same_json_value_is(value: Any) -> None:
    """`-p x=VALUE` and `{"x": VALUE}` mean the same wherever the type leaves no choice."""
    kind = "list" if isinstance(value, list) else "dict" if isinstance(value, dict) else type(value).__name__
    parameter = Parameter("x", frozenset() if value is None else frozenset({kind}), value is None, None, "")
    typed = value if isinstance(value, str) else json.dumps(value)
    assert convert(parameter, typed, text=True) == convert(parameter, value, text=False) == value


@given(st.text())
def test_any_text_is_read_or_refused_in_words(typed: str) -> None:
    for source in ("x = 1", "x = 1.5", "x = True", "x = 'a'", "x = []", "x: int | None = None"):
        try:
            value = convert(only(source), typed, text=True)
        except Invalid as error:
            error.message.encode("utf-8")
        else:
            json.dumps(value)


@given(st.text())
def test_any_source_is_read_or_not_but_never_fails(source: str) -> None:
    parameters_of_python(source)
