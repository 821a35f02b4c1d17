"""What R asks, with a gate as code in a run has; how R asks it is tried where the image is built."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from nightdesk.connecting import for_r
from nightdesk.runner.masks import MARK, Masks

from .gate_double import Gate

SECRET = "s3cret-of-the-warehouse"
USE = "POST /connections/warehouse/use"
ANSWER = {"name": "warehouse", "kind": "postgresql", "read_only": False, "settings": {"host": "ü"}}


def asked(*words: str) -> subprocess.CompletedProcess[bytes]:
    """As R does it."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nightdesk.connecting.for_r", *words],
        capture_output=True,
        env=dict(os.environ),
        check=False,
        timeout=30,
    )


def test_the_answer_is_one_line_of_ascii_and_its_secret_is_masked_from_now_on(
    run_gate: Gate, tmp_path: Path
) -> None:
    answer = {**ANSWER, "secrets": {"password": SECRET}, "place": None}
    run_gate.says[USE] = 200, answer
    done = asked("use", "warehouse")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout.decode("ascii")) == answer
    assert done.stdout.count(b"\n") == 1
    assert Masks(str(tmp_path / "masks")).text(f"it is {SECRET}") == f"it is {MARK}"


def test_the_list(run_gate: Gate) -> None:
    run_gate.says["GET /connections"] = 200, {"connections": [{"name": "warehouse", "kind": "postgresql"}]}
    assert json.loads(asked("list").stdout) == [{"name": "warehouse", "kind": "postgresql"}]


def test_what_is_refused_comes_in_words(run_gate: Gate, tmp_path: Path) -> None:
    run_gate.says[USE] = (
        404,
        {"error": {"message": "there is no connection 'warehouse'", "hint": "Ask for it."}},
    )
    done = asked("use", "warehouse")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"there is no connection 'warehouse'" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "masks").exists()


def test_other_words_are_no_question() -> None:
    assert for_r.main(["use"]) == for_r.main(["drop", "warehouse"]) == 2
