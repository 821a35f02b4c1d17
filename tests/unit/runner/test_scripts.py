"""Scripts: how they are called, how they end, and what is said of their errors."""

from __future__ import annotations

import pytest
from nightdesk.runner.script import arguments, explain

from .run_folder import RunFolder


def test_a_script(folder: RunFolder) -> None:
    source = """
import os, sys
import nightdesk.notebook as notebook
print(sys.argv)
print(os.path.basename(os.getcwd()), sys.stdin.read() == "", os.getpgid(0) == os.getpid())
print(notebook.run.parameters["rate"], notebook.output_dir.name, notebook.run.attempt)
print("bytes", flush=True)
os.write(1, b"\\xff\\n")
os.system("echo child; echo problem >&2")
"""
    folder.script(
        source, parameters={"rate": 0.5, "flag": True, "none": None, "many": [1, "a"], "text": "a b\n"}
    )
    ended = folder.run()
    assert ended.outcome == "succeeded", ended.events
    assert ended.events[0] == {
        **ended.events[0],
        "event": "started",
        "contract": 1,
        "cells": 0,
        "kernel": None,
    }
    assert ended.text(cell=None).splitlines() == [
        "['train.py', '--rate=0.5', '--flag=true', '--none=null', '--many=[1, \"a\"]', '--text=a b\\n']",
        "work True True",
        "0.5 out 1",
        "bytes",
        "\ufffd",
        "child",
    ]
    assert ended.text("stderr", cell=None) == "problem\n"
    assert ended.finished["peak_memory_bytes"] > 1_000_000


def test_a_script_that_raises(folder: RunFolder) -> None:
    folder.script("def f():\n    raise KeyError('no such column')\nf()")
    ended = folder.run()
    assert (ended.outcome, ended.exit_code) == ("code_failed", 1)
    error = ended.finished["error"]
    assert (error["type"], error["message"], error["cell"]) == ("KeyError", "'no such column'", None)
    assert error["traceback"][0] == "Traceback (most recent call last):"
    assert ended.reason == "the script ended with exit code 1: KeyError: 'no such column'"


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("import sys; sys.exit(3)", "ExitCode", "the script ended with exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "Killed", "the script ended with signal 9, SIGKILL"),
        ("def broken(:", "SyntaxError", "invalid syntax"),
    ],
)
def test_other_ends(folder: RunFolder, source: str, kind: str, message: str) -> None:
    folder.script(source)
    ended = folder.run()
    assert ended.outcome == "code_failed"
    assert (ended.finished["error"]["type"], ended.finished["error"]["message"]) == (kind, message)


def test_leaving_without_an_error_is_a_success(folder: RunFolder) -> None:
    folder.script("import sys; print('x' * 10); sys.exit(0)", limits={"run_stream_bytes": 4})
    ended = folder.run()
    assert ended.outcome == "succeeded"
    assert ended.text(cell=None).startswith("xxxx\n[nightdesk: cut after 4 bytes")


def test_what_it_leaves_running_does_not_hold_the_run_up(folder: RunFolder) -> None:
    folder.script("import subprocess\nprint(subprocess.Popen(['sleep', '60']).pid)")
    ended = folder.run()
    assert ended.outcome == "succeeded"
    assert ended.seconds < 10


def test_another_language(folder: RunFolder) -> None:
    folder.script(
        'echo "$1" "$(basename "$PWD")"', name="-odd name.sh", interpreter=["sh"], parameters={"a": "é"}
    )
    ended = folder.run()
    assert ended.outcome == "succeeded"
    assert ended.text(cell=None) == "--a=é work\n"


def test_arguments() -> None:
    assert arguments({"a": 1, "b": "1", "c": False, "d": {"x": None}}) == [
        "--a=1",
        "--b=1",
        "--c=false",
        '--d={"x": null}',
    ]


@pytest.mark.parametrize(
    ("stderr", "kind", "message"),
    [
        ("", "", ""),
        ("warming up\n", "", ""),
        ("Traceback (most recent call last):\n  File x\nValueError\n", "ValueError", ""),
        ("Traceback (most recent call last):\n  File x\nValueError: one\ntwo\n", "ValueError", "one\ntwo"),
        (
            "Traceback (most recent call last):\n  a\nKeyError: 1\n\nDuring handling\n\n"
            "Traceback (most recent call last):\n  b\npkg.mod.CustomFailure: 2\n",
            "pkg.mod.CustomFailure",
            "2",
        ),
        ("Error in f(1) : no luck\nCalls: f\nExecution halted\n", "Error", "no luck"),
        ("Error in f(1) : \n  no luck\nCalls: f\nExecution halted\n", "Error", "no luck"),
        ("Error: object 'x' not found\nExecution halted\n", "Error", "object 'x' not found"),
    ],
)
def test_errors_are_read_from_what_was_written(stderr: str, kind: str, message: str) -> None:
    assert explain(stderr)[:2] == (kind, message)
