"""What cells display: bounded for each cell and run, with words where something was left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.runner.limits import Allowance, Quota
from nightdesk.runner.outputs import Displays, Outputs
from nightdesk.runner.room import LEAST, Room, Space, shorten, weight_of

from .run_folder import Ended

Execute = Callable[..., Ended]
SHOW = "from IPython.display import HTML, clear_output, display\n"


def texts(ended: Ended, index: int) -> list[str]:
    """The displayed HTML of a cell."""
    shown = [output["data"]["text/html"] for output in ended.outputs(index) if "data" in output]
    return ["".join(text) for text in shown]


def test_what_finds_no_room_in_a_cell_is_left_out_and_the_run_goes_on(execute: Execute) -> None:
    ended = execute(
        SHOW + "for n in range(10): display(HTML(str(n) * 30_000))",
        "display(HTML('small'))",
        limits={"cell_display_bytes": 100_000},
    )
    assert ended.outcome == "succeeded", ended.reason
    assert [text[0] for text in texts(ended, 0)] == ["0", "1", "2"]
    words = r"\[nightdesk: 7 outputs of 210,\d{3} bytes left out here: displays may take 100,000 bytes in this cell; "
    assert re.match(words, ended.shown(0, "stderr"))
    assert ended.text("stderr", cell=1) == ended.shown(0, "stderr"), "and the log says so, too"
    assert texts(ended, 1) == ["small"]


def test_what_is_small_enough_is_shown_behind_what_is_not(execute: Execute) -> None:
    ended = execute(
        SHOW + "display(HTML('x' * 300_000)); display(HTML('small'))", limits={"cell_display_bytes": 100_000}
    )
    assert texts(ended, 0) == ["small"]
    assert "[nightdesk: an output of 300,0" in ended.shown(0, "stderr")


def test_the_cells_of_a_run_share_its_room(execute: Execute) -> None:
    cells = [f"display(HTML('{number}' * 40_000))" for number in range(4)]
    ended = execute(SHOW + cells[0], *cells[1:], limits={"run_display_bytes": 100_000})
    assert [len(texts(ended, index)) for index in range(4)] == [1, 1, 0, 0]
    assert "100,000 bytes in this run" in ended.shown(3, "stderr")


def test_clearing_gives_room_back(execute: Execute) -> None:
    ended = execute(
        SHOW + "for n in range(20):\n    clear_output(wait=True)\n    display(HTML(str(n % 10) * 60_000))",
        limits={"cell_display_bytes": 100_000},
    )
    assert [text[0] for text in texts(ended, 0)] == ["9"]
    assert "nightdesk" not in ended.shown(0, "stderr")


def test_an_update_takes_the_place_of_what_it_replaces(execute: Execute) -> None:
    ended = execute(
        SHOW + "shown = display(HTML(''), display_id=True)\n"
        "for n in range(20): shown.update(HTML(str(n % 10) * 60_000))\nshown.update(HTML('x' * 200_000))",
        limits={"cell_display_bytes": 100_000},
    )
    assert [text[0] for text in texts(ended, 0)] == ["9"], "the last one that found room"
    assert "an output of 200,0" in ended.shown(0, "stderr")


def test_thousands_of_small_outputs_are_bounded_as_well(execute: Execute) -> None:
    source = "import sys\nfor n in range(500):\n    print(n, flush=True)\n    print(n, file=sys.stderr, flush=True)"
    ended = execute(SHOW + source, limits={"cell_display_bytes": 100 * LEAST})
    assert len(ended.outputs(0)) <= 101
    assert "left out here" in ended.shown(0, "stderr")


def test_an_endless_exception_is_shown_cut(execute: Execute) -> None:
    ended = execute("raise ValueError('x' * 5_000_000)", limits={"cell_display_bytes": 1000})
    assert ended.outcome == "code_failed"
    (shown,) = ended.outputs(0)
    assert shown["ename"] == "ValueError"
    assert shown["evalue"].endswith("x[nightdesk: cut after 100,000 characters]")
    assert sum(map(len, shown["traceback"])) < 600_000


def test_widgets_share_the_runs_room(execute: Execute) -> None:
    source = """
from comm import create_comm
def model(**state):
    state = {"_model_name": "HTMLModel", "_model_module": "m", "_model_module_version": "1", **state}
    return create_comm(target_name="jupyter.widget", data={"state": state, "buffer_paths": []})
kept = model(value="kept")
for n in range(50):
    kept.send({"method": "update", "state": {"value": f"{n}" * 20_000}, "buffer_paths": [["data"]]}, buffers=[bytes(20_000)])
model(value="x" * 1_000_000)
"""
    ended = execute(source, limits={"run_display_bytes": 200_000})
    assert ended.outcome == "succeeded", ended.reason
    state = ended.document["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert [model["state"]["value"][:2] for model in state.values()] == ["49"]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_what_is_nested_too_deeply_is_left_out() -> None:
    room = Room(Space(10**9, "here"))
    outputs = Outputs([], Displays(), Allowance(Quota(10, "")), room)
    outputs.add("display_data", {"data": {"application/json": nested(5000)}, "metadata": {}})
    assert [output["output_type"] for output in outputs.items] == ["stream"]


@pytest.mark.parametrize("traceback", [None, [], ["a" * 10**6], ["b"] * 10**6])
def test_an_exception_fits_in_a_notebook(traceback: list[str] | None) -> None:
    error: dict[str, Any] = {"ename": "E", "evalue": 5, "traceback": traceback}
    shorten(error)
    assert error["evalue"] == "5"
    assert sum(map(len, error["traceback"])) <= 500_100


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("show"), st.integers(0, 8000)),
        st.tuples(st.just("named"), st.integers(0, 8000)),
        st.tuples(st.just("update"), st.integers(0, 8000)),
        st.tuples(st.just("print"), st.integers(1, 50)),
        st.tuples(st.just("clear"), st.booleans()),
        st.tuples(st.just("settle"), st.none()),
    ),
    max_size=40,
)


@given(ACTIONS)
def test_whatever_is_shown_cleared_and_updated_stays_within_the_room(actions: list[tuple[str, Any]]) -> None:
    space = Space(10_000, "here")
    outputs = Outputs([], Displays(), Allowance(Quota(10**6, "")), Room(space))
    for action, value in actions:
        content = {"data": {"text/plain": "line\n" * ((value or 0) // 5)}, "metadata": {}}
        if action == "show":
            outputs.add("display_data", content)
        elif action in {"named", "update"}:
            kind = "display_data" if action == "named" else "error"
            if kind == "error":
                outputs._displays.update("name", content)
            else:
                outputs.add(kind, {**content, "transient": {"display_id": "name"}})
        elif action == "print":
            outputs.stream("stdout" if value % 2 else "stderr", "x" * value)
        elif action == "clear":
            outputs.clear(value)
        else:
            outputs.settle()
        kept = [output for output in outputs.items if output is not outputs._marker]
        taken = sum(LEAST if "text" in output else weight_of(output) for output in kept)
        assert taken == space.size - space.left <= space.size
        assert ("left out" in outputs.left_out) == (outputs._marker is not None)
