"""What pipeline.yaml may say, and that each mistake is told with its line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.errors import Invalid, Refused, TooLarge
from nightdesk.server.domain.graph import Graph, HandedFile
from nightdesk.server.domain.pipeline_file import read_pipeline

WHOLE = """\
name: donation propensity
environment: python-data@stable
parameters:
  month: 2026-11
  share: 0.5
steps:
  prepare:
    run: prepare.ipynb
    parameters:
      month: ${parameters.month}
  train:
    run: train.py
    environment: modelling
    size: large
    timeout: 2h
    retries: 1
    retry_wait: 90s
    inputs:
      donors.parquet: prepare/donors.parquet
    parameters:
      rows: ${prepare.rows}
      layers: [1, {deep: true}]
  check:
    run: check.ipynb
    needs: prepare
    cell_timeout: 30
    skip_unchanged: yes
  report:
    run: report.R
    needs: [train, check]
"""


def read(text: str) -> Graph:
    return read_pipeline(text.encode())


def steps(*lines: str) -> str:
    return "name: n\nsteps:\n" + "\n".join(lines)


def test_all_that_it_may_say() -> None:
    graph = read(WHOLE)
    assert (graph.name, graph.files) == ("donation propensity", True)
    assert graph.parameters == {"month": "2026-11", "share": 0.5}
    train, check = graph.step("train"), graph.step("check")
    assert train.needs == ("prepare",)
    assert train.inputs == (HandedFile("donors.parquet", "prepare", "donors.parquet"),)
    assert train.parameters == {"rows": "${prepare.rows}", "layers": [1, {"deep": True}]}
    assert (train.environment, train.size) == ("modelling", "large")
    assert (train.timeout_seconds, train.retries, train.retry_wait_seconds) == (7200.0, 1, 90.0)
    assert (check.environment, check.cell_timeout_seconds) == ("python-data@stable", 30.0)
    assert (check.skip_unchanged, train.skip_unchanged) == (True, False)
    assert [[step.name for step in layer] for layer in graph.layers()] == [
        ["prepare"],
        ["train", "check"],
        ["report"],
    ]


def test_it_may_be_json() -> None:
    assert read('{"name": "n", "steps": {"a": {"run": "a.py"}}}').step("a").run == "a.py"


def test_a_time_of_day_and_a_date_are_text() -> None:
    graph = read(steps("  a: {run: a.py, parameters: {at: 12:30, on: 2026-11-01, big: 1e400}}"))
    assert graph.step("a").parameters["at"] == "12:30"
    assert graph.step("a").parameters["on"] == "2026-11-01"


@pytest.mark.case(22)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            steps("  a:", "    run: a.py", "    need: b"),
            "line 5: 'need' is nothing that a step has; did you mean 'needs'?",
        ),
        (
            "nmae: x\n" + steps("  a: {run: a.py}"),
            "line 1: 'nmae' is nothing that a pipeline has; did you mean 'name'?",
        ),
        (
            steps("  a: {run: a.py, needs: b}"),
            "line 3: step 'a' needs 'b', and there is no such step; there is: a",
        ),
        (steps("  a: {run: a.py, needs: [a]}"), "line 3: step 'a' needs itself"),
        (steps("  a: {run: a.py}", "  b:", "    run: b.py", "    needs: aa"), "line 6: step 'b' needs 'aa'"),
        (
            steps(
                "  one: {run: a.py, needs: three}",
                "  two: {run: a.py, needs: one}",
                "  three: {run: a.py, needs: two}",
            ),
            "line 3: steps need each other in a circle: one → three → two → one",
        ),
        (steps("  a: {run: a.txt}"), "line 3: 'a.txt' is neither a notebook nor a script"),
        (steps("  a: {run: sub/a.py}"), "line 3: 'sub/a.py' is no plain file name"),
        (steps("  a: {needs: []}"), "line 3: step 'a' says nothing to 'run'"),
        (steps("  a: {run: a.py}", "  a: {run: b.py}"), "line 4: 'a' is said twice"),
        (steps("  1a: {run: a.py}"), "line 3: '1a' is no name for a step"),
        (steps("  parameters: {run: a.py}"), "line 3: no step is called 'parameters'"),
        (
            steps("  a: {run: a.py, parameters: {x: '${parameters.y}'}}"),
            "the pipeline has no parameter 'y'; it has none",
        ),
        (steps("  a: {run: a.py, parameters: {x: '${y}'}}"), "line 3: '${y}' refers to nothing"),
        (steps("  a: {run: a.py, parameters: {x y: 1}}"), "line 3: 'x y' is no name for a parameter"),
        (steps("  a: {run: a.py, inputs: {x.csv: y.csv}}"), "line 3: the input 'x.csv' must be STEP/OUTPUT"),
        (steps("  a: {run: a.py, timeout: soon}"), "line 3: this is no time"),
        (steps("  a: {run: a.py, retries: 99}"), "line 3: this must be a whole number from 0 to 10"),
        (steps("  a: {run: a.py, skip_unchanged: 3}"), "line 3: this must be yes or no"),
        (steps("  a: [run]"), "line 3: here names with a value each are expected"),
        ("name: n\nsteps: {}", "line 2: 'steps' must have steps by their names"),
        ("steps: {a: {run: a.py}}", "line 1: 'name' is missing"),
        ("name: [1]\nsteps: {a: {run: a.py}}", "line 1: this must be text"),
        ("name: n\nsteps: &x {a: {run: a.py}}", "line 2: anchors, aliases and tags are not read here"),
        ("name: n\n  steps: ]", "line 2, column 8 is no YAML"),
        ("", "is empty"),
        ("- a", "line 1: here names with a value each are expected"),
    ],
)
def test_mistakes_have_lines(text: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert words in refused.value.message


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        read(steps("  a: {run: a.py, need: 1}", "  b: {run: b.py, needs: c}"))
    assert "line 3: " in refused.value.message
    assert "line 4: " in refused.value.message


def test_too_much_of_it() -> None:
    with pytest.raises(TooLarge):
        read("#" * 2**20 + "\n" + WHOLE)
    with pytest.raises(Invalid, match="at most 200 steps, not 201"):
        read(steps(*(f"  s{number}: {{run: a.py}}" for number in range(201))))
    with pytest.raises(Invalid, match="nested too deeply"):
        read(steps("  a: {run: a.py, parameters: {x: " + "[" * 60 + "]" * 60 + "}}"))
    with pytest.raises(Invalid):
        read("[" * 5000)


def test_many_steps_in_a_row_take_no_recursion() -> None:
    lines = [
        "  s0: {run: a.py}",
        *(f"  s{each}: {{run: a.py, needs: s{each - 1}}}" for each in range(1, 200)),
    ]
    assert len(read(steps(*lines)).layers()) == 200


@given(st.text(alphabet=st.sampled_from("nameisteprun: -[]{}\n#'\"&*!|>%@`,?0.5"), max_size=120))
def test_whatever_it_says_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        assert read(text).name
