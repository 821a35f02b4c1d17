"""Parameters that do not fit are refused; whatever is accepted arrives as it was sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..support.notebooks import code, notebook
from ..support.people import Person

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
PARAMETERS = code("year: int = 2026  # which year\nname = 'north'\nrate = 0.5\nmore = None\n", "parameters")
TYPED = notebook(PARAMETERS, "print(year, name, rate, more)")
SHOW = notebook(PARAMETERS, "import json\nprint('GOT' + json.dumps([year, name, rate, more]))")


@pytest.mark.case(6)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"year": "soon"}, ["'year' must be int", "soon"]),
        ({"year": 1.5}, ["'year' must be int"]),
        ({"year": True}, ["'year' must be int"]),
        ({"name": 5}, ["'name' must be str"]),
        ({"rate": [0.5]}, ["'rate' must be float"]),
        ({"name": None}, ["'name' must be str"]),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_refused(
    refused: Callable[..., str], got: Say, given: dict[str, Any], words: list[str]
) -> None:
    told = refused(TYPED, parameters=given)
    for word in words:
        assert word in told
    got(told)


@pytest.mark.case(7)
def test_a_parameter_that_is_not_there_is_refused_with_those_that_are(
    refused: Callable[..., str], got: Say
) -> None:
    told = refused(TYPED, parameters={"yaer": 2026})
    assert "no parameter 'yaer'" in told
    assert "year, name, rate, more" in told
    assert "tag 'parameters'" in refused(notebook("1 + 1"), parameters={"year": 1})
    got(told)


@pytest.mark.case(8)
@pytest.mark.parametrize(
    "name",
    ["x; import os", "class", "", "1st", "a b", "a.b", "a-b", "x\n", "x=1\nimport os", "\u202ex", "é" * 101],
)
def test_a_name_that_is_no_identifier_is_refused(refused: Callable[..., str], got: Say, name: str) -> None:
    told = refused(TYPED, parameters={name: 1})
    assert "is no name for a parameter" in told
    got(told)


@pytest.mark.case(10)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"rate": NaN}', "finite"),
        ('{"rate": -Infinity}', "finite"),
        ('{"rate": 1e999}', "finite"),
        ('{"name": "a\\u0000b"}', "NUL"),
        ('{"name": "half \\ud83d"}', "half a character"),
        (f'{{"more": {"[" * 60}1{"]" * 60}}}', "nested too deeply"),
        (f'{{"more": {"[" * 100_000}}}', "no JSON"),
    ],
    ids=["NaN", "-Infinity", "1e999", "NUL", "surrogate", "60 deep", "100,000 deep"],
)
def test_values_that_would_not_come_back_are_refused(clara: Person, given: str, words: str) -> None:
    request = f'{{"file": "test.ipynb", "parameters": {given}}}'
    answer = clara.runs.call("POST", "/runs", files={"request": (None, request), "source": ("x", TYPED)})
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]["message"]


@pytest.mark.case(10)
def test_what_is_accepted_arrives_as_it_was_sent(eve: Person, got: Say) -> None:
    given = {
        "year": 2**60,
        "name": "\u05e9\u05dc\u05d5\u05dd \u202eright to left\u202c 'quoted' \"twice\" \\ {braces} e\u0301 😀\n\t\r$HOME",
        "rate": -1e-300,
        "more": {"nested": [{"deeper": [None, True, 0.1, "\u2028"]}, []], "": {}},
    }
    run = eve.runs.end(eve.runs.submit(SHOW, parameters=given)["id"])
    assert run["status"] == "succeeded", run
    assert run["parameters"] == given
    (line,) = [line for line in eve.runs.log(run["id"]).split("\n") if line.startswith("GOT")]
    assert json.loads(line.removeprefix("GOT")) == list(given.values())
    assert json.loads(eve.runs.output(run["id"], "manifest.json"))["parameters"] == given
    got(
        "NaN, infinities, NUL, half characters: 400; nested values and right-to-left text came back unchanged"
    )


@pytest.mark.case(10)
def test_a_script_gets_them_as_they_were_sent_too(eve: Person) -> None:
    given = {"words": "\u05e9\u05dc\u05d5\u05dd\n'\" $(id) `id` 😀", "list": [1, None, {"a": "b"}]}
    script = b"import json, sys, nightdesk\nprint('GOT' + json.dumps([sys.argv[1:], dict(nightdesk.run.parameters)]))"
    run = eve.runs.end(eve.runs.submit(script, "job.py", parameters=given)["id"])
    assert run["status"] == "succeeded", run
    arguments, parameters = json.loads(eve.runs.log(run["id"]).split("GOT", 1)[1])
    assert parameters == given
    assert arguments == [f"--words={given['words']}", f"--list={json.dumps(given['list'])}"]


@pytest.mark.case(6)
def test_the_command_types_parameters_by_the_notebook(eve: Person, tmp_path: Path) -> None:
    (tmp_path / "p.ipynb").write_bytes(TYPED)
    wrong = eve.command("submit", "p.ipynb", "-p", "year=soon", cwd=tmp_path)
    assert (wrong.returncode, "'year' must be int" in wrong.stderr) == (1, True), wrong
    arguments = ["-p", "year=2027", "-p", "name=007", "--size", "tiny", "--watch", "--json"]
    right = eve.command("submit", "p.ipynb", *arguments, cwd=tmp_path)
    assert right.returncode == 0, right
    run = json.loads(right.stdout)
    assert run["parameters"] == {"year": 2027, "name": "007"}
    assert "2027 007 0.5" in eve.runs.log(run["id"])
