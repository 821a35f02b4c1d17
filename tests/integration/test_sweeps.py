"""Sweeps on the real platform: so many at once although the worker is killed, whole or not at all, the best found."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ..support.people import Person, join
from ..support.platform import Platform, docker
from ..support.waiting import until

pytestmark = pytest.mark.platform
SCRIPT = """\
import time
import nightdesk
lr, depth = (nightdesk.run.parameters[name] for name in ("lr", "depth"))
time.sleep(2)
nightdesk.log_metric("accuracy", 1 - abs(lr - 0.2) + depth / 100)
print("trained", lr, depth)
"""
AT_MOST = 2


@pytest.fixture(scope="module")
def owner(platform: Platform) -> Person:
    return join(platform, "swen")


def sweep(person: Person, *arguments: str, cwd: Path | None = None, code: int = 0) -> Any:
    done = person.command("sweep", *arguments, "--json", cwd=cwd)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def together(person: Person, runs: list[str]) -> int:
    """How many of these went on at the same time, at most, from when a worker took them."""
    steps = []
    for run in runs:
        changes = person.runs.ask("GET", f"/runs/{run}/history")["changes"]
        begun = next(seconds(each["at"]) for each in changes if each["status"] == "starting")
        ended = next(seconds(each["at"]) for each in changes if each["status"] == "succeeded")
        steps += [(begun, 1), (ended, -1)]
    going = most = 0
    for _, step in sorted(steps):  # at the same moment an end comes first
        going += step
        most = max(most, going)
    return most


def test_so_many_at_once_although_the_worker_is_killed(
    platform: Platform, owner: Person, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    grid = ("--grid", "lr=0.1,0.2,0.4,0.8", "--grid", "depth=1,2", "--at-most", str(AT_MOST))
    how = ("--metric", "accuracy", "--size", "tiny", "--key", "night")
    seen = sweep(owner, "run", "train.py", *grid, *how, "--dry-run", cwd=tmp_path)
    assert (seen["count"], seen["said"]) == (8, "lr (4) x depth (2): 8 runs")
    assert sweep(owner, "list")["sweeps"] == []
    made = sweep(owner, "run", "train.py", *grid, *how, cwd=tmp_path)
    assert sweep(owner, "run", "train.py", *grid, *how, cwd=tmp_path)["id"] == made["id"]

    def now() -> dict[str, Any]:
        found: dict[str, Any] = sweep(owner, "show", made["id"])
        return found

    other = owner.runs.submit(b"print('past them')\n", "other.py")["id"]
    until(lambda: now()["counts"].get("running", 0) == AT_MOST, "two of it going on", 60)
    assert owner.runs.end(other)["status"] == "succeeded"
    assert now()["counts"].get("queued", 0) >= 1, "what waits for the sweep's limit held up another run"
    until(lambda: now()["counts"].get("succeeded", 0) >= 2, "the first of it", 60)
    worker = platform.service("worker")
    docker("kill", "--signal", "KILL", worker)
    docker("start", worker)
    until(lambda: now()["over"], "all of it", 180)
    ended = now()
    assert ended["counts"] == {"succeeded": 8}
    runs = [each["run"] for each in ended["members"]]
    assert together(owner, runs) == AT_MOST
    assert {owner.runs.show(run)["attempt"] for run in runs} == {1}
    assert "trained 0.4 2" in owner.runs.log(runs[5])
    best = sweep(owner, "best", made["id"])
    assert best["parameters"] == {"lr": 0.2, "depth": 2}
    assert best["metrics"]["accuracy"] == pytest.approx(1.02)
    worst = sweep(owner, "best", made["id"], "--metric", "accuracy", "--goal", "min")
    assert worst["parameters"] == {"lr": 0.8, "depth": 1}
    again = owner.runs.ask("POST", f"/runs/{runs[0]}/retry")
    assert again["sweep"] == made["id"]
    owner.runs.end(again["id"])
    assert (now()["members"][0]["run"], now()["members"][0]["earlier"]) == (again["id"], 1)


def test_a_notebook_is_kept_once_and_the_rest_is_stopped(owner: Person, tmp_path: Path) -> None:
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "seconds: float = 1", "outputs": [],
         "execution_count": None},
        {"cell_type": "code", "metadata": {}, "source": "import time; print('took', seconds); time.sleep(seconds)",
         "outputs": [], "execution_count": None},
    ]  # fmt: skip
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    (tmp_path / "wait.ipynb").write_text(json.dumps(document))
    (tmp_path / "points.csv").write_text("seconds\n0.5\n600\n601\n602\n")
    wrong = owner.command("sweep", "run", "wait.ipynb", "--list", "seconds=soon", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "run 1 of 1 (seconds=soon): parameter 'seconds' must be float" in wrong.stderr
    made = sweep(
        owner, "run", "wait.ipynb", "--csv", "points.csv", "--at-most", "1", "--size", "tiny", cwd=tmp_path
    )
    first, second = (each["run"] for each in made["members"][:2])
    assert owner.runs.end(first)["status"] == "succeeded"
    assert "took 0.5" in owner.runs.log(first)
    owner.runs.reach(second, "running", 60)
    assert sweep(owner, "stop", made["id"]) == {"stopped": 3}
    assert owner.runs.end(second)["status"] == "cancelled"
    counts = until(
        lambda: found if (found := sweep(owner, "show", made["id"]))["over"] else None, "the end of it", 60
    )["counts"]
    assert counts == {"succeeded": 1, "cancelled": 3}
