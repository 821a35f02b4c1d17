"""Pipelines on the real platform: what steps hand to each other, resuming, and a worker that is killed in the middle."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ..support.notebooks import code, notebook
from ..support.people import Person, join
from ..support.platform import Platform, docker
from ..support.waiting import until

pytestmark = pytest.mark.platform
CHAIN = """\
name: donors
environment: python-data
size: tiny
parameters: {month: 2026-11}
steps:
  prepare:
    run: prepare.ipynb
    parameters: {month: "${parameters.month}"}
  train:
    run: train.py
    inputs: {donors.csv: prepare/table.csv}
    parameters: {rows: "${prepare.rows}", columns: "${prepare.columns}", of: "of ${parameters.month}"}
  check:
    run: check.py
    needs: prepare
  report:
    run: report.py
    needs: [train, check]
"""
PREPARE = """\
import json, nightdesk
(nightdesk.output_dir / "table.csv").write_text(f"month\\n{month}\\n")
(nightdesk.output_dir / "values.json").write_text(json.dumps({"columns": ["age", "gifts"]}))
nightdesk.log_metric("rows", 81000)
"""
TRAIN = """\
import sys, pathlib, nightdesk, common
print(sorted(sys.argv[1:]), pathlib.Path("donors.csv").read_text().split(), common.SHARED)
"""
CHECK = """\
import nightdesk
before = nightdesk.steps["prepare"]
print(before.values["columns"], before.output("table.csv").read_text().split())
raise SystemExit(BROKEN)
"""
LINE = """\
name: line
environment: python-data
size: tiny
files: no
steps:
  s1: {run: mark.py}
  s2: {run: mark.py, needs: s1}
  s3: {run: mark.py, needs: s2}
  s4: {run: mark.py, needs: s3}
"""


@pytest.fixture(scope="module")
def owner(platform: Platform) -> Person:
    return join(platform, "pipes")


def json_of(person: Person, *arguments: str, cwd: Path | None = None, code: int = 0) -> Any:
    done = person.command("pipeline", *arguments, "--json", cwd=cwd)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_steps_hand_files_and_values_on_and_a_failed_one_is_resumed(owner: Person, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(CHAIN)
    (tmp_path / "prepare.ipynb").write_bytes(notebook(code("month = ''", "parameters"), PREPARE))
    (tmp_path / "common.py").write_text("SHARED = 'shared'\n")
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "check.py").write_text(CHECK.replace("BROKEN", "__import__('os').environ.get('X', 3)"))
    (tmp_path / "report.py").write_text("import nightdesk; print(sorted(nightdesk.steps))\n")
    checked = json_of(owner, "check", "pipeline.yaml", cwd=tmp_path)
    assert checked["layers"] == [["prepare"], ["train", "check"], ["report"]]
    failed = json_of(owner, "run", "pipeline.yaml", "-p", "month=2026-12", "--wait", cwd=tmp_path, code=1)
    steps = {step["name"]: step for step in failed["steps"]}
    assert {name: step["status"] for name, step in steps.items()} == {
        "prepare": "succeeded", "train": "succeeded", "check": "failed", "report": "not_run",
    }  # fmt: skip
    assert failed["reason"].startswith("Step check: ")
    log = owner.runs.log(steps["train"]["run"])
    assert "'--columns=[\"age\", \"gifts\"]', '--of=of 2026-12', '--rows=81000" in log
    assert "['month', '2026-12'] shared" in log
    assert "['age', 'gifts'] ['month', '2026-12']" in owner.runs.log(steps["check"]["run"])
    resumed = json_of(owner, "resume", failed["id"], "--wait", code=1)
    again = {step["name"]: step for step in resumed["steps"]}
    assert again["check"]["run"] != steps["check"]["run"]
    assert again["prepare"]["run"] == steps["prepare"]["run"], "what had succeeded is kept"
    # The code is mended and the pipeline run anew: what stayed the same is left out.
    (tmp_path / "check.py").write_text(CHECK.replace("BROKEN", "0"))
    done = json_of(
        owner, "run", "pipeline.yaml", "-p", "month=2026-12", "--skip-unchanged", "--wait", cwd=tmp_path
    )
    assert {step["name"]: step["status"] for step in done["steps"]} == {
        "prepare": "skipped", "train": "skipped", "check": "succeeded", "report": "succeeded",
    }  # fmt: skip
    assert "['check', 'train']" in owner.runs.log(done["steps"][3]["run"])


@pytest.mark.fault(1)
def test_a_worker_that_is_killed_in_the_middle_runs_no_finished_step_again(
    platform: Platform, owner: Person, tmp_path: Path
) -> None:
    (tmp_path / "pipeline.yaml").write_text(LINE)
    (tmp_path / "mark.py").write_text("import time; time.sleep(3)\n")
    made = json_of(owner, "run", "pipeline.yaml", cwd=tmp_path)
    worker = platform.service("worker")

    def good() -> int:
        return int(owner.runs.ask("GET", f"/pipelines/{made['id']}")["count"]["good"])

    for count in (1, 2):
        until(lambda count=count: good() >= count, f"{count} steps done", 90)  # type: ignore[misc]
        docker("kill", "--signal", "KILL", worker)
        time.sleep(4)  # the step that goes on ends while nobody is there
        docker("start", worker)
    done = until(
        lambda: [
            found
            for found in [owner.runs.ask("GET", f"/pipelines/{made['id']}")]
            if found["status"] != "running"
        ],
        "the end of the pipeline",
        180,
    )[0]
    assert done["status"] == "succeeded", done
    runs = owner.runs.ask("GET", "/runs?limit=500")["runs"]
    of_it = Counter(
        run["pipeline"]["step"] for run in runs if (run["pipeline"] or {}).get("id") == made["id"]
    )
    assert of_it == {"s1": 1, "s2": 1, "s3": 1, "s4": 1}
    assert all(step["attempt"] == 1 for step in done["steps"])


def test_cancelling_ends_the_step_that_goes_on(owner: Person, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(LINE)
    (tmp_path / "mark.py").write_text("import time; time.sleep(300)\n")
    made = json_of(owner, "run", "pipeline.yaml", cwd=tmp_path)
    first = made["steps"][0]["run"]
    until(lambda: owner.runs.show(first)["status"] == "running", "the first step", 60)
    json_of(owner, "cancel", made["id"])
    ended = until(
        lambda: [
            found
            for found in [owner.runs.ask("GET", f"/pipelines/{made['id']}")]
            if found["status"] != "running"
        ],
        "the end of the pipeline",
        60,
    )[0]
    assert (ended["status"], ended["reason"]) == ("cancelled", "Cancelled by pipes.")
    assert [step["status"] for step in ended["steps"]] == ["cancelled", "not_run", "not_run", "not_run"]


def test_a_schedule_makes_pipelines(owner: Person, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(LINE.replace("files: no", "parameters: {day: }"))
    (tmp_path / "mark.py").write_text("import nightdesk; print('for', nightdesk.run.scheduled_at)\n")
    cron = ("--cron", "0 6 1 1 *", "--zone", "UTC", "--time-parameter", "day", "--name", "yearly")
    done = owner.command("schedule", "add", "pipeline.yaml", *cron, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    tick = json.loads(owner.command("schedule", "run", "yearly", "--json").stdout)
    made = tick["pipeline"]
    until(
        lambda: owner.runs.ask("GET", f"/pipelines/{made}")["status"] == "succeeded", "its pipeline's end", 90
    )
    ended = until(
        lambda: [
            each
            for each in json.loads(owner.command("schedule", "ticks", "yearly", "--json").stdout)["ticks"]
            if each["state"] == "succeeded"
        ],
        "the tick's end",
        30,
    )[0]
    assert (ended["pipeline"], ended["run"]) == (made, None)
    step = owner.runs.ask("GET", f"/pipelines/{made}")["steps"][0]
    assert "for 20" in owner.runs.log(step["run"])
