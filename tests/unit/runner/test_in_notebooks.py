"""What notebooks import: `run`, `output_dir` and `log_metric`, in a run and in a session."""

from __future__ import annotations

import fractions
import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nightdesk.notebook
import pytest


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module as it is found at the start of a session."""
    for name in ("NIGHTDESK_JOB", "NIGHTDESK_OUTPUT_DIR", "NIGHTDESK_METRICS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("run", "output_dir"):
        vars(nightdesk.notebook).pop(name, None)
    return importlib.reload(nightdesk.notebook)


def test_in_a_session(module: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert module.run is None
    assert not (tmp_path / "home").exists()
    assert module.output_dir == tmp_path / "home/nightdesk-output"
    assert module.output_dir.is_dir()
    module.log_metric("accuracy", 0.5)
    module.log_metric("loss", 2, step=3)
    assert capsys.readouterr().out == "metric accuracy: 0.5\nmetric loss at step 3: 2\n"


def test_in_a_run(module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = {"run": "r1", "attempt": 2, "owner": "ada", "name": "nightly", "parameters": {"rate": 0.1}}
    (tmp_path / "job.json").write_text(json.dumps(job))
    monkeypatch.setenv("NIGHTDESK_JOB", str(tmp_path / "job.json"))
    monkeypatch.setenv("NIGHTDESK_OUTPUT_DIR", str(tmp_path / "out"))
    assert repr(module.run) == "<Run r1, attempt 2: 'nightly' of ada>"
    assert module.run.parameters["rate"] == 0.1
    with pytest.raises(TypeError):
        module.run.parameters["rate"] = 1
    assert module.output_dir == tmp_path / "out"
    assert module.run is module.run


class Zero:
    """An integer and a number of somebody's own, like numpy's."""

    def __index__(self) -> int:
        return 0

    def __float__(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("value", "step", "kept"),
    [
        (1, None, 1),
        (0.5, 7, 0.5),
        (fractions.Fraction(1, 2), None, 0.5),
        (Zero(), Zero(), 0.0),
        (-(10**30), 0, -(10**30)),
    ],
)
def test_numbers(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: Any, step: Any, kept: float
) -> None:
    monkeypatch.setenv("NIGHTDESK_METRICS", str(tmp_path / "metrics.jsonl"))
    module.log_metric("é", value, step)
    module.log_metric("again", 1)
    first, second = (json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines())
    assert first == {"name": "é", "value": kept, "step": step if step is None else int(step.__index__())}
    assert second["name"] == "again"


@pytest.mark.parametrize(
    ("name", "value", "step", "problem", "words"),
    [
        (1, 1, None, TypeError, "a metric's name is text, not int"),
        ("", 1, None, ValueError, "1 to 200 characters, not 0"),
        ("a" * 201, 1, None, ValueError, "not 201"),
        ("a", "0.5", None, TypeError, "'a' needs a number, not str"),
        ("a", True, None, TypeError, "'a' needs a number, not bool"),
        ("a", None, None, TypeError, "'a' needs a number, not NoneType"),
        ("a", float("nan"), None, ValueError, "'a' needs a finite number, not nan"),
        ("a", float("inf"), None, ValueError, "not inf"),
        ("a", 1, 0.5, TypeError, "step of the metric 'a' is an integer, not float"),
        ("a", 1, True, TypeError, "not bool"),
    ],
)
def test_anything_else(
    module: ModuleType, name: Any, value: Any, step: Any, problem: type[Exception], words: str
) -> None:
    with pytest.raises(problem, match=words):
        module.log_metric(name, value, step)


def test_other_names(module: ModuleType) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing


def test_it_imports_little() -> None:
    program = "import sys, nightdesk.notebook as n; print(*sorted({m.split('.')[0] for m in sys.modules if m not in b}))"
    program = (
        "import __future__, sys, json, math, operator, os, pathlib, types, typing; b = set(sys.modules); "
        + program
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert found.stdout.split() == ["nightdesk"]
