"""Reading what somebody submits: what is wrong is refused with its place, what can be helped is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..workbench import PYTHON, code, notebook
from .preparing import PARAMETERS, checked, document, refusal

# 1 not JSON, empty, truncated


@pytest.mark.parametrize("raw", [b"", b" \n\t"])
def test_an_empty_file(raw: bytes) -> None:
    assert refusal(raw) == (
        "the notebook is empty: the file has no content",
        "Save it in JupyterLab and submit it again.",
    )


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"hello", "line 1, column 1: Expecting value"),
        (b'{"nbformat": 4,\n "cells": [', "line 2, column 12: Expecting value"),
        (b'{"nbformat": 4,\n\n  "cells" []}', "line 3, column 11: Expecting ':' delimiter"),
        (b'{"nbformat": 4} {}', "line 1, column 17: Extra data"),
        (b'{"cells": ["\x01"]}', "line 1, column 13: Invalid control character at"),
        ("{'é': 1}".encode(), "line 1, column 2: Expecting property name enclosed in double quotes"),
        (b"<html>", "line 1, column 1: Expecting value"),
    ],
)
def test_no_json_is_told_with_line_and_column(raw: bytes, place: str) -> None:
    assert refusal(raw) == (
        f"the notebook is not valid JSON: {place}",
        "The file may be cut off or edited by hand; open it in JupyterLab and save it again.",
    )


def test_every_truncation_is_refused_in_words() -> None:
    whole = notebook(code("print(1)"))
    checked(whole)
    for length in range(len(whole)):
        message, hint = refusal(whole[:length])
        assert hint
        if whole[:length].strip():
            assert message.startswith("the notebook is not valid JSON: line ")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_words_that_are_no_json_have_no_wrong_place(word: str) -> None:
    raw = notebook(metadata={"x": 1}).replace(b'"x": 1', f'"x": {word}'.encode())
    assert refusal(raw)[0] == f"the notebook is not valid JSON: {word} is no JSON value"


def test_no_text() -> None:
    assert (
        refusal(b'{"nbformat": 4, "x": "\xff"}')[0]
        == "the notebook is not UTF-8 text: byte 22 cannot be read"
    )
    assert refusal(notebook().decode().encode("utf-16"))[0].startswith(
        "the notebook is not UTF-8 text: byte 0"
    )


def test_a_byte_order_mark_does_no_harm() -> None:
    assert checked(b"\xef\xbb\xbf" + notebook(code("1"))).cells == 1


@pytest.mark.parametrize("raw", [b"[]", b"4", b'"nbformat"', b"null", b"{}", b'{"cells": []}'])
def test_json_that_is_no_notebook(raw: bytes) -> None:
    assert refusal(raw)[0] == "the file is JSON, but not a notebook: it has no 'nbformat'"


def test_nesting_has_an_end() -> None:
    assert refusal(b"[" * 100_000)[0] == "the notebook is nested too deeply to be read"


@pytest.mark.parametrize(
    "damage",
    [
        {"cells": 5},
        {"cells": None},
        {"cells": ["x"]},
        {"cells": [{}]},
        {"cells": [{"cell_type": "code"}]},
        {"cells": [{**code("1"), "source": 5}]},
        {"cells": [{**code("1"), "source": [5]}]},
        {"cells": [{**code("1"), "cell_type": "poem"}]},
        {"cells": [{**code("1"), "outputs": 5}]},
        {"cells": [{**code("1"), "outputs": [{"output_type": "dance"}]}]},
        {"cells": [{**code("1"), "metadata": None}]},
        {"cells": [{**code("1"), "metadata": {"tags": "parameters"}}]},
        {"cells": [{**code("1"), "id": "a b"}]},
        {"metadata": 5},
        {"metadata": None},
        {"metadata": {"kernelspec": "python3"}},
        {"metadata": {"kernelspec": {"name": 5}}},
        {"metadata": {"kernelspec": {}}},
        {"metadata": {"language_info": "python"}},
        {"nbformat_minor": "5"},
        {"nbformat_minor": None},
        {"nbformat_minor": -1},
        {"nbformat": 3, "worksheets": 5},
        {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code"}]}]},
        {"nbformat": 3},
        {"nbformat": 2},
        {"nbformat": 1, "cells": 5},
    ],
    ids=repr,
)
def test_a_damaged_notebook_is_refused_in_words(damage: dict[str, Any]) -> None:
    message, _ = refusal(notebook(code("1"), **damage))
    assert message.startswith("the notebook is damaged")
    assert len(message) < 600


# 2 nbformat 3 is upgraded and run, with the image's default kernel, and it says so


def old(major: int, **cell: Any) -> bytes:
    """A notebook as it was before 2015."""
    cells = [
        {"cell_type": "code", "input": ["x = 1\n", "print(x)"], "language": "python", "outputs": [], "collapsed": False,
         "metadata": {}, **cell},
        {"cell_type": "markdown", "source": ["# Title"], "metadata": {}},
    ]  # fmt: skip
    return json.dumps(
        {
            "nbformat": major,
            "nbformat_minor": 0,
            "metadata": {"name": "old"},
            "worksheets": [{"cells": cells}],
        }
    ).encode()


@pytest.mark.parametrize(
    ("major", "source"),
    [
        (3, ["x = 1\n", "print(x)"]),
        (3, "x = 1\nprint(x)"),
        (2, ["x = 1", "print(x)"]),
        (2, "x = 1\nprint(x)"),
    ],
)
def test_an_old_format_is_upgraded_and_it_says_so(major: int, source: Any) -> None:
    prepared = checked(old(major, input=source))
    assert prepared.notes == (
        f"The notebook was in format {major}; it was upgraded to format 4 for this run.",
        "The notebook names no kernel: it runs with python-data:2026.11.1's default, Python 3.",
    )
    assert prepared.kernel == PYTHON
    node = document(prepared)
    assert node.cells[0].source == "x = 1\nprint(x)"
    assert node.cells[1].source.endswith("# Title")
    assert node.metadata.kernelspec.name == "python3"
    assert prepared.cells == 1


# 3 nbformat 99


@pytest.mark.parametrize("major", [5, 99, 0, -1, "4", 4.0, None, True, [4]])
def test_a_format_nobody_knows(major: Any) -> None:
    assert refusal(notebook(nbformat=major)) == (
        f"the notebook has format version {major!r}; this platform reads versions 1 to 4",
        "Save it with a JupyterLab of today in format 4.",
    )


def test_a_later_minor_format_is_run() -> None:
    assert document(checked(notebook(code("1"), nbformat_minor=9))).nbformat_minor == 9


# 4 no kernelspec, 5 unknown kernel


def test_no_kernel_means_the_default_and_it_says_so() -> None:
    prepared = checked(notebook(code("1"), kernel=None))
    assert prepared.kernel == PYTHON
    assert prepared.notes == (
        "The notebook names no kernel: it runs with python-data:2026.11.1's default, Python 3.",
    )
    assert document(prepared).metadata.kernelspec == {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }


def test_no_kernel_but_a_language() -> None:
    prepared = checked(notebook(code("1"), metadata={"language_info": {"name": "R"}}))
    assert prepared.kernel.name == "ir"
    assert prepared.notes[0].endswith("default, R.")


def test_a_kernel_that_is_there() -> None:
    prepared = checked(notebook(code("1")))
    assert (prepared.kernel, prepared.notes) == (PYTHON, ())
    spec_without_title = notebook(code("1"), metadata={"kernelspec": {"name": "ir"}})
    assert checked(spec_without_title).kernel.name == "ir"


def test_an_unknown_kernel_lists_what_there_is() -> None:
    assert refusal(notebook(code("1"), kernel="julia-1.9")) == (
        "the notebook asks for the kernel 'julia-1.9', which python-data:2026.11.1 does not have",
        "Choose one of its kernels in the notebook, or another environment. It has: python3 (Python 3), ir (R).",
    )


def test_cells_that_format_1_does_not_know_are_refused() -> None:
    """Its reader would run the cell before them once more."""
    cells = [{"cell_type": "code", "code": "print(1)"}, {"cell_type": "markdown", "source": "text"}]
    message, _ = refusal(json.dumps({"nbformat": 1, "cells": cells}).encode())
    assert message == "the notebook is damaged: format 1 has no cells of the kind 'markdown'"
    cells[1] = {"cell_type": "text", "text": "words"}
    node = document(checked(json.dumps({"nbformat": 1, "cells": cells}).encode()))
    assert [cell.source for cell in node.cells] == ["print(1)", "words"]


# what programs get wrong and Jupyter mends silently


def test_lines_as_jupyterlab_saves_them() -> None:
    assert document(checked(notebook(code(["a = 1\n", "b = 2"])))).cells[0].source == "a = 1\nb = 2"


def test_cells_without_an_id_or_with_the_same() -> None:
    nameless = {key: value for key, value in code("1").items() if key != "id"}
    twins = [{**code("2"), "id": "same"}, {**code("3"), "id": "same"}]
    node = document(checked(notebook(nameless, *twins)))
    assert node.cells[1].id == "same"
    assert len({cell.id for cell in node.cells}) == 3


def test_ids_that_came_too_early() -> None:
    node = document(checked(notebook({**code("1"), "id": "x"}, nbformat_minor=4), {}))
    assert "id" not in node.cells[0]
    node = document(checked(notebook({**PARAMETERS, "id": "x"}, nbformat_minor=2), {"year": 1}))
    assert all("id" not in cell for cell in node.cells)


def test_half_a_character_in_code_is_refused() -> None:
    """No kernel gets it, and the run would wait for an answer until its time limit."""
    assert refusal(notebook(code("'😀'"), code("x = '\ud83d'"))) == (
        "code cell 2 contains half a character (a lone surrogate)",
        "Delete it in JupyterLab and save the notebook again.",
    )


def test_half_a_character_elsewhere_reaches_the_runner_as_json() -> None:
    prepared = checked(notebook({"cell_type": "markdown", "id": "m", "metadata": {}, "source": "\ud83d"}))
    assert json.loads(prepared.source.decode("utf-8"))["cells"][0]["source"] == "\ud83d"


def test_what_is_handed_on_keeps_the_rest_of_the_notebook() -> None:
    raw = notebook(code("1"), {"cell_type": "raw", "id": "r", "metadata": {"x": 1}, "source": "ü"})
    node = document(checked(raw))
    assert node.cells[1] == {"cell_type": "raw", "id": "r", "metadata": {"x": 1}, "source": "ü"}
