"""How runs end, and what is said and kept. All are submitted at once and run side by side."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ..support.notebooks import notebook, printed
from ..support.people import Person
from ..support.runs import Refused

pytestmark = pytest.mark.platform

SCRIPT = b"""
import pathlib, sys
import nightdesk
print("arguments", sys.argv[1:])
print("parameters", nightdesk.run.parameters)
(pathlib.Path(nightdesk.output_dir) / "result.txt").write_text("done")
"""
PANDAS = notebook("import pandas; print('pandas', pandas.__version__)")
EAT = "rest = []\nwhile True:\n    rest.append(bytearray(8 * 2**20))"
FAIL = notebook(
    "import os, pathlib\nprint('first')",
    "pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR'], 'kept.txt').write_text('kept')",
    "raise ValueError('no such region')",
    "print('never')",
)
NESTED = """
import os, pathlib
out = pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"])
(out / "plots").mkdir()
(out / "plots" / "größe 1.bin").write_bytes(bytes(range(256)) * 100)
(out / "A.txt").write_text("upper")
(out / "a.txt").write_text("lower")
"""

SUBMITTED: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "fails": (FAIL, "fails.ipynb", {}),
    "endless": (
        notebook("print('begin', flush=True)", "while True: pass"),
        "endless.ipynb",
        {"timeout_seconds": 4},
    ),
    "greedy": (notebook("print('begin', flush=True)", EAT), "greedy.ipynb", {}),
    "script": (SCRIPT, "job.py", {"parameters": {"year": 2026, "region": "north"}}),
    "newer": (PANDAS, "newer.ipynb", {"environment": "python-data:2026.12.1", "size": "small"}),
    "older": (PANDAS, "older.ipynb", {"environment": "python-data:2026.10.1", "size": "small"}),
    "outputs": (notebook(NESTED), "outputs.ipynb", {}),
}


@pytest.fixture(scope="module")
def submitted(ada: Person) -> dict[str, str]:
    """The ids of all of them."""
    return {
        name: ada.runs.submit(source, file, **how)["id"] for name, (source, file, how) in SUBMITTED.items()
    }


class Ended:
    """Runs that have ended, by the names above."""

    def __init__(self, person: Person, ids: dict[str, str]) -> None:
        self.person = person
        self.ids = ids

    def __getitem__(self, name: str) -> Any:
        return self.person.runs.end(self.ids[name], 120)

    def output(self, name: str, file: str) -> bytes:
        return self.person.runs.output(self.ids[name], file)

    def log(self, name: str) -> str:
        return self.person.runs.log(self.ids[name])


@pytest.fixture
def ended(ada: Person, submitted: dict[str, str]) -> Ended:
    return Ended(ada, submitted)


def test_a_failed_run_names_the_cell_and_keeps_what_was_done(ended: Ended) -> None:
    run = ended["fails"]
    assert run["status"] == "failed"
    assert run["error"] == {"type": "ValueError", "message": "no such region", "cell": 3}
    assert run["progress"] == {"cell": 3, "cells": 4}
    kept = ended.output("fails", "notebook.ipynb")
    assert "first" in printed(kept)
    assert "never" not in printed(kept)
    outputs = json.loads(kept)["cells"][2]["outputs"]
    assert outputs[-1]["ename"] == "ValueError"
    assert ended.output("fails", "kept.txt") == b"kept"
    assert json.loads(ended.output("fails", "manifest.json"))["outputs"]


def test_a_time_limit_ends_the_run_and_keeps_the_notebook(ended: Ended) -> None:
    run = ended["endless"]
    assert run["status"] == "timed_out"
    assert "4 s" in run["reason"]
    assert "cell 2" in run["reason"]
    assert "begin" in printed(ended.output("endless", "notebook.ipynb"))


def test_out_of_memory_names_the_limit_and_the_cell(ended: Ended) -> None:
    run = ended["greedy"]
    assert run["status"] == "failed"
    assert "Out of memory in cell 2 of 2" in run["reason"]
    assert "256 MB" in run["reason"]
    assert "begin" in printed(ended.output("greedy", "notebook.ipynb"))


def test_a_script_gets_its_parameters_and_leaves_its_outputs(ended: Ended) -> None:
    run = ended["script"]
    assert (run["status"], run["kind"]) == ("succeeded", "script"), run
    log = ended.log("script")
    assert "arguments ['--year=2026', '--region=north']" in log
    assert "'year': 2026" in log
    assert ended.output("script", "result.txt") == b"done"


def test_two_versions_are_two_sets_of_packages(ended: Ended) -> None:
    newer, older = ended["newer"], ended["older"]
    assert newer["environment"]["digest"] != older["environment"]["digest"]
    assert ended.log("newer").startswith("pandas 3.")
    assert ended.log("older").startswith("pandas 2.3.")


def test_outputs_are_downloaded_as_they_were_left(ended: Ended, ada: Person, tmp_path: Path) -> None:
    run = ended["outputs"]
    done = ada.command("download", run["id"], str(tmp_path / "here"), "--json", cwd=tmp_path)
    assert done.returncode == 0, done
    names = {output["name"] for output in run["outputs"]}
    assert {"plots/größe 1.bin", "A.txt", "a.txt", "notebook.ipynb", "log.txt", "manifest.json"} <= names
    for output in run["outputs"]:
        content = (tmp_path / "here" / output["name"]).read_bytes()
        assert len(content) == output["size"], output
        assert hashlib.sha256(content).hexdigest() == output["sha256"], output


def test_the_record_of_a_run_is_whole(ended: Ended) -> None:
    run = ended["script"]
    manifest = json.loads(ended.output("script", "manifest.json"))
    text = json.dumps(manifest)
    assert run["environment"]["digest"] in text
    assert hashlib.sha256(SCRIPT).hexdigest() in text
    assert run["created_at"] <= run["started_at"] <= run["finished_at"]


def test_an_admin_submits_for_somebody_else(
    admin: Person, grace: Person, ada: Person, tmp_path: Path
) -> None:
    (tmp_path / "hers.ipynb").write_bytes(notebook("print('for grace')"))
    arguments = ["--as", "grace", "--size", "tiny", "--watch", "--json"]
    done = admin.command("submit", "hers.ipynb", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done
    run = json.loads(done.stdout)
    assert run["owner"] == "grace"
    assert grace.runs.show(run["id"])["status"] == "succeeded"
    with pytest.raises(Refused, match="404"):
        ada.runs.show(run["id"])
    refused = ada.command("submit", "hers.ipynb", "--as", "grace", cwd=tmp_path)
    assert refused.returncode == 1, refused


def test_retries_start_again_only_as_often_as_asked(ada: Person) -> None:
    source = notebook("import os\nassert os.environ['NIGHTDESK_ATTEMPT'] == '2', 'the first attempt'")
    run = ada.runs.end(ada.runs.submit(source, retries=3, retry_wait_seconds=1)["id"])
    assert (run["status"], run["attempt"]) == ("succeeded", 2)
