"""Further attempts and the time limit of cells, and what one is shown of both."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ..support.notebooks import notebook, printed
from ..support.people import Person
from ..support.waiting import until

pytestmark = pytest.mark.platform
# Fails the first time, and leaves a file that says which time it was.
FLAKY = notebook(
    "import os, pathlib\nattempt = os.environ['NIGHTDESK_ATTEMPT']\nprint('attempt', attempt, flush=True)\n"
    "(pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR']) / f'left-{attempt}.txt').write_text(attempt)",
    "if attempt == '1':\n    raise TimeoutError('no answer')",
)
SLOW = notebook(
    "print('quick')", "import time\nprint('begun', flush=True)\ntime.sleep(600)", "print('never')"
)


def test_a_run_that_fails_is_tried_again_after_a_while_and_keeps_both_attempts(
    ada: Person, tmp_path: Path
) -> None:
    run = ada.runs.submit(FLAKY, "flaky.ipynb", retries=2, retry_wait_seconds=4)
    waiting = until(
        lambda: shown["waiting"] if (shown := ada.runs.show(run["id"]))["attempt"] == 2 else None,
        "the second attempt waiting",
    )
    assert re.fullmatch(r"attempt 2 of 3 starts in \d s: Cell 2 of 2 raised TimeoutError: no answer", waiting)
    assert ada.runs.output(run["id"], "left-1.txt?attempt=1") == b"1", "what the first left is there already"
    ended = ada.runs.end(run["id"])
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)
    assert {output["name"] for output in ended["outputs"]} >= {"left-2.txt", "notebook.ipynb"}
    assert "left-1.txt" not in {output["name"] for output in ended["outputs"]}
    assert "no answer" in json.dumps(json.loads(ada.runs.output(run["id"], "notebook.ipynb?attempt=1")))
    assert printed(ada.runs.output(run["id"], "notebook.ipynb")) == "attempt 2\n"

    shown = ada.command("show", run["id"])
    assert "1  failed after" in shown.stdout, shown
    assert ada.command("logs", run["id"], "--attempt", "1").stdout == "attempt 1\n"
    assert ada.command("logs", run["id"]).stdout == "attempt 2\n"
    assert ada.command("download", run["id"], "--attempt", "1", cwd=tmp_path).returncode == 0
    assert (tmp_path / f"{run['id']}-attempt-1" / "left-1.txt").read_text() == "1"

    story = ada.runs.ask("GET", f"/runs/{run['id']}/history")
    assert [change["what"] for change in story["changes"]] == [
        "submitted",
        "start prepared",
        "code started",
        "attempt 1 failed, attempt 2 waits",
        "start of attempt 2 prepared",
        "code of attempt 2 started",
        "succeeded",
    ]
    assert [attempt["status"] for attempt in story["attempts"]] == ["failed", "succeeded"]


def test_a_cell_that_takes_too_long_ends_the_run_and_is_shown(ada: Person) -> None:
    run = ada.runs.submit(SLOW, "slow.ipynb", cell_timeout_seconds=2)
    assert run["cell_timeout_seconds"] == 2
    ended = ada.runs.end(run["id"])
    assert (ended["status"], ended["error"]["type"], ended["error"]["cell"]) == ("failed", "CellTimedOut", 2)
    assert ended["reason"] == "Cell 2 of 3 ran longer than 2 seconds, the limit for a cell"
    assert printed(ada.runs.output(run["id"], "notebook.ipynb")) == "quick\nbegun\n"
    failure = ada.runs.ask("GET", f"/runs/{run['id']}/failure")
    assert failure["cell"]["source"].startswith("import time\nprint('begun', flush=True)")
    assert failure["log"] == "quick\nbegun"
    shown = ada.command("show", run["id"])
    assert "ran longer than 2 seconds" in shown.stdout, shown
    assert "    time.sleep(600)\n" in shown.stdout, shown
    assert "    begun\n" in shown.stdout, shown


def test_following_a_failure_ends_with_the_cell(ada: Person, tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_bytes(notebook("rows = []", "print('looking')\nrows[0]"))
    done = ada.command("submit", "broken.ipynb", "--watch", "--size", "tiny", cwd=tmp_path)
    assert done.returncode == 1
    assert "looking" in done.stderr
    assert "IndexError: list index out of range (cell 2)" in done.stdout
    assert "  cell 2\n    print('looking')\n    rows[0]\n" in done.stdout
