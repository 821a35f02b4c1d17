"""Jobs that cannot be run: refused with words that say what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .run_folder import Ended, RunFolder, notebook


def _refused(folder: RunFolder, *words: str) -> Ended:
    ended = folder.run()
    assert (ended.outcome, ended.exit_code) == ("bad_job", 2)
    for word in words:
        assert word in ended.reason
    assert ended.finished["error"]["message"] == ended.reason
    assert "Traceback" not in ended.stderr
    return ended


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "not a JSON object"),
        ("{}", "asks for contract null"),
    ],
)
def test_a_job_that_is_none(folder: RunFolder, text: str | None, words: str) -> None:
    if text is not None:
        (folder.root / "in/job.json").write_text(text)
    _refused(folder, words)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"contract": 2}, "asks for contract 2 and this runner speaks contract 1"),
        ({"kind": "binary"}, '`kind` is "binary"; known are notebook, script'),
        ({"file": "missing.ipynb"}, "no file 'missing.ipynb'"),
        ({"file": "../in/job.json"}, "not a path inside"),
        ({"file": None}, "not a path inside"),
        ({"kernel": None}, "names no `kernel`"),
        ({"kind": "script"}, "names no `interpreter`"),
        ({"limits": {"line_bytes": "many"}}, "line_bytes"),
        ({"cell_timeout_seconds": "2h"}, "cell_timeout_seconds"),
    ],
)
def test_fields(folder: RunFolder, fields: dict[str, Any], words: str) -> None:
    folder.notebook(notebook("pass"), **fields)
    _refused(folder, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON: Expecting value in line 1, column 1"),
        ('{"cells": [\n1,', "line 2"),
        ("[]", "not a notebook of format 4"),
        ('{"nbformat": 3}', "not a notebook of format 4"),
        ('{"nbformat": 4}', "no list of cells"),
        ('{"nbformat": 4, "cells": [1]}', "no list of cells"),
    ],
)
def test_notebooks(folder: RunFolder, text: str, words: str) -> None:
    folder.notebook(notebook())
    (folder.root / "work/analysis.ipynb").write_text(text)
    _refused(folder, "analysis.ipynb", words)


def test_bytes_that_are_no_text(folder: RunFolder) -> None:
    folder.notebook(notebook())
    (folder.root / "work/analysis.ipynb").write_bytes(b"\xff\xfe\x00")
    _refused(folder, "analysis.ipynb cannot be read")


def test_a_kernel_that_the_image_does_not_have(folder: RunFolder) -> None:
    spec = folder.root / "share/kernels/Klingon"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": []}))
    folder.env["JUPYTER_PATH"] = str(folder.root / "share")
    folder.notebook(notebook("pass"), kernel="julia-1.11")
    _refused(folder, "no kernel 'julia-1.11'; it has: klingon, python3")
    folder.notebook(notebook("pass"), kernel="klingon")
    _refused(folder, "'klingon' of this environment is broken")


def test_a_kernel_whose_program_is_missing(folder: RunFolder) -> None:
    spec = folder.root / "share/kernels/gone"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["no-such-program", "{connection_file}"]}))
    folder.env["JUPYTER_PATH"] = str(folder.root / "share")
    folder.notebook(notebook("pass"), kernel="gone")
    _refused(folder, "'gone' of this environment cannot be started", "no-such-program")


def test_an_interpreter_that_the_image_does_not_have(folder: RunFolder) -> None:
    folder.script("", name="model.R", interpreter=["no-such-interpreter"])
    _refused(folder, "no 'no-such-interpreter' to run model.R with")


def test_parameters_that_fit_no_command_line(folder: RunFolder) -> None:
    folder.script("", parameters={"text": "a\0b"})
    _refused(folder, "parameter")
    folder.script("", parameters={"text": "x" * 300_000})
    _refused(folder, "nightdesk.run.parameters")
