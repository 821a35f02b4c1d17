"""Notebooks without outputs: what goes, what stays byte for byte, and git that does it by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.stripping import NoNotebook, stripped

from tests.support.git_server import git

OUTPUT = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}


def cell(source: str = "1", kind: str = "code", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "id": "a1", "metadata": {}, "source": [source]}
    if kind == "code":
        made |= {"execution_count": 3, "outputs": [OUTPUT]}
    return {**made, **more}


def book(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    kernel = {"kernelspec": {"name": "python3"}, "language_info": {"version": "3.13"}}
    return {"cells": list(cells), "metadata": {**kernel, **metadata}, "nbformat": 4, "nbformat_minor": 5}


def written(notebook: dict[str, Any], indent: int = 1) -> bytes:
    """As Jupyter writes it."""
    return (json.dumps(notebook, ensure_ascii=False, indent=indent) + "\n").encode()


def strip(notebook: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stripped(written(notebook)))
    return found


def test_outputs_and_what_an_execution_leaves_are_gone() -> None:
    noisy = {"papermill": {}, "execution": {}, "ExecuteTime": {}, "collapsed": True, "tags": ["parameters"]}
    before = book(cell(metadata=noisy), cell("text", "markdown"), papermill={}, widgets={}, authors=["ada"])
    after = strip(before)
    first = after["cells"][0]
    assert (first["outputs"], first["execution_count"], first["metadata"]) == (
        [],
        None,
        {"tags": ["parameters"]},
    )
    assert after["cells"][1] == before["cells"][1]
    assert set(after["metadata"]) == {"kernelspec", "language_info", "authors"}
    assert first["id"] == "a1"


@pytest.mark.parametrize(
    ("metadata", "whole", "kept"),
    [
        ({"tags": ["keep_output"]}, {}, True),
        ({"keep_output": True}, {}, True),
        ({"init_cell": True}, {}, True),
        ({"keep_output": False, "tags": ["keep_output"]}, {}, False),
        ({}, {"keep_output": True}, True),
        ({}, {}, False),
    ],
)
def test_what_says_so_is_kept(metadata: dict[str, Any], whole: dict[str, Any], kept: bool) -> None:
    one = strip(book(cell(metadata=metadata), **whole))["cells"][0]
    assert (one["outputs"], one["execution_count"]) == (([OUTPUT], 3) if kept else ([], None))


def test_an_old_notebook() -> None:
    old = {
        "worksheets": [{"cells": [{"cell_type": "code", "outputs": [OUTPUT], "prompt_number": 1}]}],
        "nbformat": 3,
    }
    assert strip(old)["worksheets"][0]["cells"][0] == {
        "cell_type": "code",
        "outputs": [],
        "prompt_number": None,
    }


@pytest.mark.parametrize("indent", [1, 2, 4])
def test_the_rest_stays_byte_for_byte(indent: int) -> None:
    clean = book(
        cell("ü = 1e-05", execution_count=None, outputs=[]), numbers=[1.50, 1e-05, 12345678901234567890]
    )
    text = written(clean, indent).replace(b"1e-05\n", b"1.0E-5\n").replace(b"1.5", b"1.50")
    assert stripped(text) == text
    noisy = written(book(cell("ü = 1e-05"), numbers=[1.50, 1e-05, 12345678901234567890]), indent)
    noisy = noisy.replace(b"1e-05\n", b"1.0E-5\n").replace(b"1.5", b"1.50")
    assert stripped(noisy) == text
    assert stripped(noisy.replace(b"\n", b"\r\n")) == text.replace(b"\n", b"\r\n")
    assert stripped(noisy.rstrip(b"\n")) == text.rstrip(b"\n")


@given(
    st.lists(
        st.sampled_from(
            [cell(), cell("# ü", "markdown"), cell(outputs=[]), cell(metadata={"keep_output": 1})]
        )
    )
)
def test_twice_is_once(cells: list[dict[str, Any]]) -> None:
    once = stripped(written(book(*cells)))
    assert stripped(once) == once


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b"\xff", b"<<<<<<< ours\n", b"[" * 99999, b'{"nbformat": "4"}']
)
def test_what_is_no_notebook_is_told(content: bytes) -> None:
    with pytest.raises(NoNotebook):
        stripped(content)
    assert stripped(b"") == b""


def command(*arguments: str, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "nightdesk", "strip", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
    )


def test_files_and_standard_input(tmp_path: Path) -> None:
    noisy, clean = written(book(cell())), stripped(written(book(cell())))
    (tmp_path / "a.ipynb").write_bytes(noisy)
    checked = command("--check", "a.ipynb", cwd=tmp_path)
    assert (checked.returncode, checked.stdout) == (1, b"a.ipynb has outputs\n")
    assert (tmp_path / "a.ipynb").read_bytes() == noisy
    done = command("a.ipynb", "--json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"changed": ["a.ipynb"]})
    assert (tmp_path / "a.ipynb").read_bytes() == clean
    assert [path.name for path in tmp_path.iterdir()] == ["a.ipynb"]
    assert command("--check", "a.ipynb", cwd=tmp_path).returncode == 0
    assert command(cwd=tmp_path, stdin=noisy).stdout == clean
    wrong = command(cwd=tmp_path, stdin=b"{")
    assert (wrong.returncode, wrong.stdout) == (1, b"")
    assert b"no notebook" in wrong.stderr


def test_git_commits_what_is_stripped_and_the_file_keeps_its_outputs(tmp_path: Path) -> None:
    checkout = tmp_path / "a checkout"
    checkout.mkdir()
    git(checkout, "init", "--quiet")
    for _ in range(2):
        assert command("--install", cwd=checkout).returncode == 0
    attributes = checkout / ".git" / "info" / "attributes"
    assert attributes.read_text().count("*.ipynb filter=nightdesk-strip") == 1
    noisy = written(book(cell()))
    (checkout / "a.ipynb").write_bytes(noisy)
    git(checkout, "add", "a.ipynb")
    git(checkout, "commit", "--quiet", "--message", "one")
    assert git(checkout, "show", "HEAD:a.ipynb") + "\n" == stripped(noisy).decode()
    assert (checkout / "a.ipynb").read_bytes() == noisy
    (checkout / "a.ipynb").write_bytes(noisy.replace(b'"execution_count": 3', b'"execution_count": 4'))
    assert git(checkout, "diff") == "", "run again, it is no change"
    assert command("--uninstall", cwd=checkout).returncode == 0
    assert git(checkout, "diff") != ""
    shared = command("--install", str(checkout), "--attributes", ".gitattributes", cwd=tmp_path)
    assert shared.returncode == 0
    assert "filter=nightdesk-strip" in (checkout / ".gitattributes").read_text()
    nowhere = command("--install", str(tmp_path), cwd=tmp_path)
    assert (nowhere.returncode, b"not a git repository" in nowhere.stderr) == (1, True)
