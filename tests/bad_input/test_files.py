"""Files that are no notebook, not yet one or not one any more: refused in words, or brought up to date."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..support.notebooks import document, notebook
from ..support.people import Person
from .conftest import Ended

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
ONE = notebook("1 + 1")


def of_format(number: object) -> bytes:
    return json.dumps(document("1 + 1") | {"nbformat": number}).encode()


@pytest.mark.case(1)
@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b'{"nbformat": 4,\n "cells": oops}', ["not valid JSON", "line 2, column 11"]),
        (b"", ["is empty"]),
        (b" \n\t ", ["is empty"]),
        (ONE[:-20], ["not valid JSON", "line 1, column"]),
        (ONE[: len(ONE) // 2], ["not valid JSON", "line 1, column"]),
        (ONE + b"x", ["not valid JSON", "line 1, column"]),
        (b"\xff\xfe" + ONE, ["not UTF-8 text", "byte 0"]),
        (b'{"cells": []}', ["not a notebook"]),
        (b"[1, 2]", ["not a notebook"]),
        (b"[" * 100_000, ["nested too deeply"]),
        (json.dumps(document("1") | {"cells": 5}).encode(), ["damaged"]),
        (json.dumps(document("1") | {"cells": [{"cell_type": "code"}]}).encode(), ["damaged"]),
        (json.dumps(document("1") | {"metadata": {"kernelspec": []}}).encode(), []),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_what_is_no_notebook_is_refused_with_the_place(
    refused: Callable[..., str], got: Say, source: bytes, words: list[str]
) -> None:
    told = refused(source)
    for word in words:
        assert word in told
    got(told)


@pytest.mark.case(1)
def test_the_command_says_the_same_and_ends_with_1(clara: Person, tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_bytes(b'{"nbformat": 4,\n "cells": oops}')
    done = clara.command("submit", "broken.ipynb", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "line 2, column 11" in done.stderr
    assert done.stdout == ""


@pytest.mark.case(2)
def test_a_notebook_of_format_3_is_upgraded_and_runs(ended: Ended, got: Say) -> None:
    run = ended.succeeded("old format")
    assert run["kernel"] == "python3", "the image's default"
    assert "from 2013" in ended.log("old format")
    assert json.loads(ended.output("old format", "notebook.ipynb"))["nbformat"] == 4
    (note, *_) = [note for note in run["notes"] if "format 3" in note]
    got(f"{run['status']}: {note}")


@pytest.mark.case(3)
@pytest.mark.parametrize("number", [99, 5, 0, -1, "4", None, 4.5, True, 10**30])
def test_a_format_that_nobody_knows_is_refused(refused: Callable[..., str], got: Say, number: Any) -> None:
    told = refused(of_format(number))
    assert "format version" in told
    assert "reads versions 1 to 4" in told
    got(told)


@pytest.mark.case(4)
def test_a_notebook_without_a_kernel_runs_with_the_default_and_says_so(ended: Ended, got: Say) -> None:
    run = ended.succeeded("no kernel")
    assert run["kernel"] == "python3"
    assert "which kernel?" in ended.log("no kernel")
    (note,) = [note for note in run["notes"] if "names no kernel" in note]
    got(note)


@pytest.mark.case(5)
def test_an_unknown_kernel_is_refused_with_what_there_is(refused: Callable[..., str], got: Say) -> None:
    told = refused(notebook("1", kernel="julia-1.9"))
    assert "'julia-1.9'" in told
    assert "python3 (" in told
    got(told)


@pytest.mark.case(11)
def test_a_notebook_of_200_mb_is_sent_in_pieces_and_refused(clara: Person, tmp_path: Path, got: Say) -> None:
    large = tmp_path / "large.ipynb"
    with large.open("wb") as file:
        file.write(b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [], "x": "')
        file.seek(200 * 2**20)
        file.write(b'"}')
    done = clara.command("submit", "large.ipynb", cwd=tmp_path)
    assert done.returncode == 1
    assert "the file is larger than 50 MB" in done.stderr, done.stderr
    got(done.stderr)


@pytest.mark.case(11)
@pytest.mark.thorough
def test_a_notebook_just_under_the_limit_runs(eve: Person) -> None:
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 45_000_000}}
    made = document("print('small now')")
    made["cells"][0]["outputs"] = [picture]
    run = eve.runs.end(eve.runs.submit(json.dumps(made).encode())["id"], 120)
    assert run["status"] == "succeeded", run
    assert run["outputs"][0]["size"] < 100_000
