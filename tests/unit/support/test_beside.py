"""Tests in a process beside: what they said and how they ended is told at the end, and they end with who waits for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# As setup/test.sh does it: started beside, then this process becomes pytest.
START = 'sh -c "$1" >log & pid=$!; shift; exec "$@" --beside "$pid:log"'


def run(folder: Path, beside: str, test: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(f"def test_it():\n    {test}\n")
    pytest_here = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.beside", "test_it.py"]
    return subprocess.run(
        ["bash", "-c", START, "bash", beside, *pytest_here],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("beside", "test", "code"),
    [("exit 0", "pass", 0), ("exit 1", "pass", 1), ("exit 0", "assert False", 1), ("kill -9 $$", "pass", 1)],
)
def test_the_outcome_is_that_of_both(tmp_path: Path, beside: str, test: str, code: int) -> None:
    done = run(tmp_path, f"sleep 0.5; echo words of theirs; {beside}", test)
    assert done.returncode == code, done.stdout + done.stderr
    assert "words of theirs" in done.stdout


def test_who_gives_up_ends_the_others(tmp_path: Path) -> None:
    done = run(tmp_path, "echo $$ >pid; exec sleep 600", "raise KeyboardInterrupt")
    assert done.returncode == 2, done.stdout + done.stderr
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
