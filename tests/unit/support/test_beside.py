"""Tests in a process beside: how they went is told among the others at the end, and they end with who waits for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PYTEST = [sys.executable, "-m", "pytest", "-p", "tests.support.beside", "-p", "no:cacheprovider"]
# As setup/test.sh does it: started beside, then this process becomes pytest.
START = 'sh -c "$1" >log 2>&1 & pid=$!; shift; exec "$@" --beside "$pid:told:log"'


def run(folder: Path, beside: str, test: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(f"def test_it():\n    import os; os.chdir('/')\n    {test}\n")
    return subprocess.run(
        ["bash", "-c", START, "bash", beside, *PYTEST, "test_it.py"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("theirs", "ours", "code", "words"),
    [
        ("pass", "pass", 0, "= 4 passed, 1 skipped in "),
        ("assert 'theirs' == ''", "pass", 1, "= 1 failed, 3 passed, 1 skipped in "),
        ("pass", "assert 'ours' == ''", 1, "= 1 failed, 3 passed, 1 skipped in "),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "pass", 1, "= 3 passed in "),
    ],
)
def test_the_outcome_is_that_of_both(tmp_path: Path, theirs: str, ours: str, code: int, words: str) -> None:
    (tmp_path / "theirs/other").mkdir(parents=True)
    (tmp_path / "theirs/other/conftest.py").write_text("def pytest_runtest_logreport(report): pass\n")
    (tmp_path / "theirs/other/test_others.py").write_text("def test_zero(): pass\n")
    (tmp_path / "theirs/test_theirs.py").write_text(
        f"import os, pytest\ndef test_one(): os.chdir('/')\ndef test_two():\n    {theirs}\n"
        "@pytest.mark.skip\ndef test_three(): pass\n"
    )
    done = run(tmp_path, f"exec {' '.join(PYTEST)} theirs --tell told", ours)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout.splitlines()[-1]
    for said in (each for each in (theirs, ours) if each.startswith("assert")):
        assert f" - AssertionError: {said}" in done.stdout


def test_what_it_said_is_shown_where_it_came_to_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "echo words of theirs; exit 4", "pass")
    assert done.returncode == 1
    assert "words of theirs" in done.stdout


def test_who_gives_up_ends_the_others(tmp_path: Path) -> None:
    done = run(tmp_path, "echo $$ >pid; exec sleep 600", "raise KeyboardInterrupt")
    assert done.returncode == 2, done.stdout + done.stderr
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
