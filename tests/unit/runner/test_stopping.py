"""SIGTERM: the run ends within five seconds and keeps what was done."""

from __future__ import annotations

import pytest

from .run_folder import RunFolder, notebook


@pytest.mark.parametrize("ignores", [False, True], ids=["interrupted", "ignores SIGINT"])
def test_a_notebook(folder: RunFolder, ignores: bool) -> None:
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" if ignores else ""
    wait = "import atexit, time\nfrom nightdesk.notebook import output_dir\n"
    wait += "atexit.register((output_dir / 'hook.txt').touch)\n"
    wait += "print('begun', flush=True)\nwhile True: time.sleep(0.05)"
    folder.notebook(notebook("1 + 1", ignore + wait, "print('never')"))
    running = folder.start()
    running.wait_for("stream")
    running.terminate()
    ended = running.end()
    assert ended.seconds < 5
    assert (ended.outcome, ended.exit_code) == ("terminated", 143)
    assert ended.reason == "asked to stop during cell 2 of 3"
    assert ended.shown(1) == "begun\n"
    assert ended.outputs(2) == []
    if not ignores:
        assert ended.outputs(1)[-1]["ename"] == "KeyboardInterrupt"
    assert (folder.root / "out/hook.txt").exists() != ignores


def test_while_the_kernel_starts(folder: RunFolder) -> None:
    folder.notebook(notebook("pass"))
    running = folder.start()
    running.wait_for("started")
    running.terminate()
    ended = running.end()
    assert ended.outcome == "terminated"
    assert ended.document["cells"]


@pytest.mark.parametrize("polite", [True, False], ids=["interrupted", "ignores everything"])
def test_a_script(folder: RunFolder, polite: bool) -> None:
    ignore = (
        "import signal\nfor each in (signal.SIGINT, signal.SIGTERM): signal.signal(each, signal.SIG_IGN)\n"
    )
    wait = "import os, time\ntry:\n    os.write(1, b'begun\\n')\n    time.sleep(60)\nfinally:\n    print('tidied')"
    folder.script(wait if polite else ignore + wait)
    running = folder.start()
    running.wait_for("stream")
    running.terminate()
    ended = running.end()
    assert ended.seconds < 5
    assert (ended.outcome, ended.exit_code) == ("terminated", 143)
    assert ended.text(cell=None) == ("begun\ntidied\n" if polite else "begun\n")
