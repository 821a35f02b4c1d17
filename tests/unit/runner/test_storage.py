"""Results that cannot be written: said in words, and the last good file stays."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from nightdesk.runner import storage

from .run_folder import Ended, RunFolder, notebook

FULL = (
    "import os, nightdesk.notebook\nos.symlink('/dev/full', nightdesk.notebook.output_dir / '../result/{}')"
)


def test_full_at_the_end(execute: Callable[..., Ended]) -> None:
    ended = execute(
        "print('kept')\ndisplay({'text/plain': 'x' * 20_000}, raw=True)",
        FULL.format("notebook.ipynb.partial"),
    )
    assert (ended.outcome, ended.exit_code) == ("storage_full", 6)
    words = "storage is full: the notebook could not be saved with all its outputs, No space left on device"
    assert ended.reason == words
    # The full device is gone by the second try, as if there were room for a little.
    assert ended.shown(0) == "kept\n"
    assert "an output of 20," in ended.shown(0, "stderr")


def test_full_for_good(folder: RunFolder) -> None:
    keep_full = """
import os, threading, time, nightdesk.notebook
result = nightdesk.notebook.output_dir.parent / "result"
def fill():
    while True:
        if not os.path.lexists(result / "notebook.ipynb.partial"):
            os.symlink("/dev/full", result / "notebook.ipynb.partial")
        time.sleep(0.0001)
threading.Thread(target=fill, daemon=True).start()
"""
    folder.notebook(
        notebook("print('kept')", "import time; time.sleep(2.2)", keep_full + "time.sleep(0.1)\n1 / 0")
    )
    process = folder.start().process
    stdout, _ = process.communicate(timeout=30)
    finished = json.loads(stdout.splitlines()[-1])
    assert (finished["outcome"], process.returncode) == ("storage_full", 6)
    assert finished["reason"].endswith(
        "(before that: cell 3 of 3 raised ZeroDivisionError: division by zero)"
    )
    assert finished["error"]["type"] == "ZeroDivisionError"
    saved = json.loads((folder.root / "result/notebook.ipynb").read_bytes())
    assert saved["cells"][0]["outputs"][0]["text"] == ["kept\n"]


def test_full_for_a_moment(execute: Callable[..., Ended]) -> None:
    # The periodic save meets the full device and removes it; the last save succeeds.
    ended = execute(
        FULL.format("notebook.ipynb.partial"), "import time; print('on', flush=True); time.sleep(2.5)", "7"
    )
    assert ended.outcome == "succeeded"
    assert ended.outputs(2)


def test_no_room_for_the_result_file(folder: RunFolder) -> None:
    (folder.root / "result/result.json.partial").symlink_to("/dev/full")
    folder.notebook(notebook("pass"))
    process = folder.start().process
    stdout, _ = process.communicate(timeout=30)
    finished = json.loads(stdout.splitlines()[-1])
    assert (finished["event"], finished["outcome"], process.returncode) == ("finished", "storage_full", 6)


def test_replacing_is_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "file"
    storage.replace(str(target), [b"ol", b"d"])
    (tmp_path / "file.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        storage.replace(str(target), [b"new"])
    assert storage.is_full(caught.value)
    assert not storage.is_full(OSError(errno.EACCES, ""))
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208
    storage.replace(str(target), iter([json.dumps({}).encode()]))
    assert target.read_bytes() == b"{}"
