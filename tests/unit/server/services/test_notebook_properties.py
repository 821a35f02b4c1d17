"""Whatever is handed over as a notebook: it is prepared for the runner, or refused in words."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nightdesk.runner.document import _text
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.services.notebook import Prepared, prepare

from ..workbench import VERSION, code, notebook

KEYS = [
    "cells", "metadata", "nbformat", "nbformat_minor", "cell_type", "source", "outputs", "worksheets", "input", "text",
    "data", "output_type", "name", "kernelspec", "language_info", "tags", "id", "language", "level", "attachments",
]  # fmt: skip
WORDS = [
    "code", "markdown", "raw", "heading", "parameters", "injected-parameters", "python3", "stream", "display_data",
    "pyout", "pyerr", "stdout", "", "x = 1", "text/plain", "python", "R", "\ud83d", "\x00",
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(WORDS)
)
JSON: Any = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)
MAJORS = st.sampled_from([1, 2, 3, 4, 4, 4])
OLD = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"metadata": {}, "cells": [
    {"cell_type": "code", "input": ["a = 1\n"], "outputs": [
        {"output_type": "pyout", "text": "1", "prompt_number": 1, "metadata": {}}],
     "language": "python", "prompt_number": 1, "collapsed": False, "metadata": {}},
    {"cell_type": "heading", "level": 2, "source": "x", "metadata": {}},
]}]}  # fmt: skip
NEW = json.loads(notebook(code("x = 1", "parameters"), {**code("print(x)"), "outputs": [
    {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
    {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}]},
    {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "text"}))  # fmt: skip


def tried(raw: bytes, given_: dict[str, Any] | None = None, text: bool = False) -> Prepared | None:
    """Prepare it; None where it is refused. What is accepted is fit for the runner."""
    try:
        prepared = prepare(raw, VERSION, given_ or {}, text)
    except Invalid as error:
        refusal = error.message
    else:
        refusal = ""
    if refusal:
        refusal.encode("utf-8")
        assert len(refusal) < 2000
        return None
    document = json.loads(prepared.source.decode("utf-8"))
    nbformat.validate(nbformat.from_dict(document))
    assert document["nbformat"] == 4
    codes = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert prepared.cells == len(codes)
    for cell in codes:
        _text(cell["source"]).encode("utf-8")
    assert prepared.kernel in VERSION.kernels
    return prepared


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    tried(raw)


@given(st.text(st.characters(), max_size=60))
def test_any_text(text: str) -> None:
    tried(text.encode("utf-8", "surrogatepass"))


@given(MAJORS, st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6))
@settings(max_examples=150)
def test_anything_that_says_it_is_a_notebook(major: int, rest: dict[str, Any]) -> None:
    tried(json.dumps({**rest, "nbformat": major}).encode())


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in a document."""
    inner = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [path] + [place for key, value in inner for place in places(value, (*path, key))]


@pytest.mark.parametrize("document", [OLD, NEW], ids=["format 3", "format 4"])
@given(data=st.data())
@settings(max_examples=150)
def test_a_notebook_with_damage_anywhere(document: dict[str, Any], data: st.DataObject) -> None:
    damaged = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(damaged)[1:]))
        holder = damaged
        for key in way:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[last] = data.draw(JSON)
        else:
            del holder[last]
        if not places(damaged)[1:]:
            break
    tried(json.dumps(damaged).encode(), data.draw(st.sampled_from([{}, {"x": 2}])))


@given(st.integers(0, 600), st.sampled_from([OLD, NEW]))
def test_a_notebook_that_is_cut_off(length: int, document: dict[str, Any]) -> None:
    raw = json.dumps(document).encode()
    assert tried(raw[: min(length, len(raw) - 1)]) is None


@given(
    st.dictionaries(
        st.text(st.characters(), max_size=8) | st.sampled_from(["x", "y", "class"]), JSON, max_size=3
    ),
    st.booleans(),
)
def test_any_parameters_arrive_as_they_were_or_are_refused(given_: dict[str, Any], text: bool) -> None:
    raw = notebook(code("x = None\ny = None", "parameters"))
    prepared = tried(raw, given_, text)
    if prepared is None or not given_:
        return
    cells = json.loads(prepared.source)["cells"]
    namespace: dict[str, Any] = {}
    exec("".join(cells[1]["source"]), namespace)  # noqa: S102 - that is what a kernel does with it
    assert {name: namespace[name] for name in given_} == prepared.parameters
    assert set(prepared.parameters) == set(given_) <= {"x", "y"}
    if not text:
        assert prepared.parameters == given_


@given(st.text(st.characters(), max_size=200))
def test_any_parameters_cell(source: str) -> None:
    tried(notebook(code(source, "parameters")), {"x": 1})
    tried(notebook(code(source, "parameters")), {"x": "1"}, text=True)
