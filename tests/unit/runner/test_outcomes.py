"""How notebooks end: the outcome, its words, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .run_folder import Ended, RunFolder, code, markdown, notebook

Execute = Callable[..., Ended]


def test_success(execute: Execute) -> None:
    ended = execute("print('hi')\n6 * 7", markdown("# words"), "x = 1")
    assert ended.outcome == "succeeded"
    assert ended.finished["cells_done"] == 2
    assert ended.finished["error"] is None
    assert ended.finished["peak_memory_bytes"] > 1_000_000
    assert 0 < ended.finished["cpu_seconds"] < 60
    started = ended.events[0]
    assert (started["event"], started["contract"], started["cells"], started["kernel"]) == (
        "started",
        1,
        2,
        "python3",
    )
    assert [(e["cell"], e["index"]) for e in ended.of("cell_started")] == [(1, 0), (2, 2)]
    assert [(e["cell"], e["index"], e["status"]) for e in ended.of("cell_finished")] == [
        (1, 0, "ok"),
        (2, 2, "ok"),
    ]
    stream, result = ended.outputs(0)
    assert stream == {"output_type": "stream", "name": "stdout", "text": ["hi\n"]}
    assert result["data"] == {"text/plain": ["42"]}
    cell = ended.document["cells"][0]
    assert cell["execution_count"] == result["execution_count"] == 1
    assert set(cell["metadata"]["execution"]) == {
        "iopub.status.busy",
        "iopub.execute_input",
        "iopub.status.idle",
        "shell.execute_reply",
        "shell.execute_reply.started",
    }
    assert ended.document["metadata"]["language_info"]["name"] == "python"


@pytest.mark.parametrize(
    "cells",
    [(), (markdown("only words"),), ("", "   \n", code(""))],
    ids=["empty", "markdown", "blank"],
)
def test_nothing_to_execute(execute: Execute, cells: tuple[Any, ...]) -> None:
    ended = execute(*cells)
    assert ended.outcome == "succeeded"
    assert {e["status"] for e in ended.of("cell_finished")} <= {"skipped"}
    assert ended.finished["cells_done"] == ended.events[0]["cells"]


def test_a_cell_raises(execute: Execute) -> None:
    ended = execute("a = 1", "print('before')\n1 / 0", "print('never')")
    assert ended.outcome == "code_failed"
    assert ended.reason == "cell 2 of 3 raised ZeroDivisionError: division by zero"
    error = ended.finished["error"]
    assert (error["type"], error["message"], error["cell"]) == ("ZeroDivisionError", "division by zero", 2)
    assert "ZeroDivisionError" in error["traceback"][-1]
    assert [e["status"] for e in ended.of("cell_finished")] == ["ok", "error"]
    assert [output["output_type"] for output in ended.outputs(1)] == ["stream", "error"]
    assert ended.outputs(2) == []
    assert ended.finished["cells_done"] == 1


def test_errors_that_are_expected(execute: Execute, folder: RunFolder) -> None:
    ended = execute(
        code("1 / 0", tags=["raises-exception"]), code("{}['x']", allow_errors=True), "print('on')"
    )
    assert ended.outcome == "succeeded"
    assert [e["status"] for e in ended.of("cell_finished")] == ["error", "error", "ok"]
    assert ended.finished["cells_done"] == 3
    assert ended.text(cell=3) == "on\n"
    folder.notebook(notebook("1 / 0", "print('on')", allow_errors=True))
    assert folder.run().outcome == "succeeded"


def test_cells_tagged_to_be_skipped_keep_their_outputs(execute: Execute) -> None:
    kept = code("raise SystemExit(1)", tags=["skip-execution"])
    kept["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["old"]}]
    stale = code("pass")
    stale["outputs"] = kept["outputs"]
    ended = execute(kept, stale, "1 / 0", stale)
    assert ended.shown(0) == "old"
    assert ended.outputs(1) == ended.outputs(3) == []
    assert ended.of("cell_finished")[0]["status"] == "skipped"


@pytest.mark.parametrize("call", ["import sys; sys.exit(0)", "exit()", "quit()", "raise SystemExit"])
def test_leaving_with_cells_pending(execute: Execute, call: str) -> None:
    ended = execute("pass", call, "print('never')")
    assert ended.outcome == "stopped_early"
    assert ended.reason.startswith("stopped early at cell 2 of 3: ")
    assert ended.finished["error"]["cell"] == 2
    assert ended.outputs(2) == []


@pytest.mark.parametrize("call", ["import sys; sys.exit(0)", "exit()"])
def test_leaving_in_the_last_cell(execute: Execute, call: str) -> None:
    ended = execute("pass", call, "", markdown("the end"))
    assert ended.outcome == "succeeded"
    assert ended.finished["cells_done"] == 3


@pytest.mark.parametrize("argument", ["3", "'no data today'"])
def test_leaving_with_an_error_is_one_everywhere(execute: Execute, argument: str) -> None:
    ended = execute("pass", f"import sys; sys.exit({argument})")
    assert ended.outcome == "stopped_early"
    assert argument.strip("'") in ended.reason


def test_the_kernel_ends_itself(execute: Execute) -> None:
    ended = execute(
        "pass", "import os, time\nprint('last', flush=True)\ntime.sleep(0.2)\nos._exit(0)", "pass"
    )
    assert ended.outcome == "kernel_died"
    assert ended.reason == "the kernel ended with exit code 0 while cell 2 of 3 was running"
    assert ended.finished["error"]["cell"] == 2
    assert ended.shown(1) == "last\n"


def test_the_kernel_is_killed(execute: Execute) -> None:
    ended = execute("import os; os.kill(os.getpid(), 9)")
    assert ended.outcome == "kernel_died"
    assert ended.reason == "the kernel ended with signal 9, SIGKILL while cell 1 of 1 was running"


def test_the_kernel_does_not_start(execute: Execute, folder: RunFolder) -> None:
    kernels = folder.root / "share/kernels/broken"
    kernels.mkdir(parents=True)
    argv = ["python", "-c", "raise RuntimeError('no such luck')", "{connection_file}"]
    (kernels / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Broken"}))
    folder.env["JUPYTER_PATH"] = str(folder.root / "share")
    ended = execute("pass", kernel="broken")
    assert ended.outcome == "kernel_died"
    assert (
        ended.reason == "the kernel ended with exit code 1 while it was starting: RuntimeError: no such luck"
    )
    assert ended.of("cell_started") == []
    assert ended.document["cells"]


def test_nobody_answers_input(execute: Execute) -> None:
    ended = execute("input('name? ')")
    assert ended.outcome == "code_failed"
    assert ended.finished["error"]["type"] == "StdinNotImplementedError"
    assert "use a parameter" in ended.reason


def test_a_kernel_that_asks_all_the_same(execute: Execute) -> None:
    ended = execute("pass", "get_ipython().kernel._allow_stdin = True\ninput('name? ')", "pass")
    assert ended.outcome == "code_failed"
    assert ended.reason.startswith("cell 2 of 3 asked for input ('name?'); a run has nobody to answer")
    assert ended.seconds < 20


def test_a_cell_runs_too_long(execute: Execute) -> None:
    ended = execute("pass", "import time\nprint('begun')\ntime.sleep(60)", "pass", cell_timeout_seconds=0.4)
    assert ended.outcome == "cell_timed_out"
    assert ended.reason == "cell 2 of 3 ran longer than 0.4 seconds, the limit for a cell"
    assert ended.seconds < 20
    assert ended.shown(1) == "begun\n"
    assert ended.outputs(1)[-1]["ename"] == "KeyboardInterrupt"


def test_the_time_limit_is_for_each_cell(execute: Execute) -> None:
    sleep = "import time; time.sleep(0.4)"
    assert execute(sleep, sleep, sleep, cell_timeout_seconds=1.1).outcome == "succeeded"


def test_what_python_does_at_its_exit_is_done(execute: Execute, folder: RunFolder) -> None:
    source = """
    import atexit, nightdesk
    unclosed = open(nightdesk.notebook.output_dir / "unclosed.txt", "w")
    unclosed.write("whole")
    atexit.register((nightdesk.notebook.output_dir / "hook.txt").write_text, "ran")
    """
    ended = execute("import nightdesk.notebook", source)
    assert ended.outcome == "succeeded"
    assert (folder.root / "out/unclosed.txt").read_text() == "whole"
    assert (folder.root / "out/hook.txt").read_text() == "ran"


def test_nothing_follows_the_finished_event(execute: Execute) -> None:
    source = """
import atexit, os, time
if os.fork() == 0:
    while True:
        print("more", flush=True)
        time.sleep(0.01)
time.sleep(0.3)
atexit.register(time.sleep, 0.5)
"""
    ended = execute(source)
    assert ended.outcome == "succeeded"
    assert "more" in ended.text()
    assert ended.seconds > 0.8


def test_everything_the_cells_started_is_ended(execute: Execute) -> None:
    ended = execute("import subprocess; child = subprocess.Popen(['sleep', '300']); print(child.pid)")
    status = f"/proc/{ended.text().strip()}/stat"
    try:
        with open(status) as file:  # noqa: PTH123
            assert file.read().split()[2] == "Z"
    except FileNotFoundError:
        pass
