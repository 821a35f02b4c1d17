"""Schedules on the real platform: due by the clock, each time once, with a worker that is killed meanwhile."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ..support.people import Person, join
from ..support.platform import Platform, docker
from ..support.waiting import until

pytestmark = pytest.mark.platform
SCRIPT = """\
import os, pathlib
import nightdesk
at = nightdesk.run.scheduled_at
print("due", at.isoformat(), os.environ["NIGHTDESK_SCHEDULED_AT"], nightdesk.run.parameters["as_of"])
"""


@pytest.fixture(scope="module")
def owner(platform: Platform) -> Person:
    return join(platform, "sched")


def json_of(person: Person, *arguments: str, cwd: Path | None = None) -> Any:
    done = person.command("schedule", *arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ticks_of(person: Person, name: str) -> list[dict[str, Any]]:
    """Oldest first."""
    found: list[dict[str, Any]] = json_of(person, "ticks", name, "--limit", "200")["ticks"]
    return found[::-1]


@pytest.mark.fault(25)
def test_each_time_is_run_once_although_the_worker_is_killed(
    platform: Platform, owner: Person, tmp_path: Path
) -> None:
    (tmp_path / "tell.py").write_text(SCRIPT)
    rules = ("--overlap", "queue", "--missed", "all", "--catch-up", "50", "--size", "tiny")
    how = ("--every", "10s", "--zone", "UTC", "--time-parameter", "as_of", "--name", "often")
    made = json_of(owner, "add", "tell.py", *how, *rules, cwd=tmp_path)
    assert len(made["next_ticks"]) == 5
    worker = platform.service("worker")
    first = _seconds(made["next_ticks"][0]["at"])
    until(lambda: len(ticks_of(owner, "often")) >= 2, "two times due", 40)
    for _ in range(2):  # the second time with a run under way
        docker("kill", "--signal", "KILL", worker)
        count = len(ticks_of(owner, "often"))
        due = first + 10 * count
        until(lambda due=due: time.time() > due, "a time that is due while nobody is there")  # type: ignore[misc]
        docker("start", worker)
        until(lambda count=count: len(ticks_of(owner, "often")) > count, "the time meanwhile", 60)  # type: ignore[misc]
    until(
        lambda: [tick["state"] for tick in ticks_of(owner, "often")].count("succeeded") >= 5,
        "five runs",
        120,
    )
    json_of(owner, "pause", "often")
    open_states = {"queued", "waiting"}
    ended = until(
        lambda: (
            [ticks_of(owner, "often")]
            if not open_states & {tick["state"] for tick in ticks_of(owner, "often")}
            else []
        ),
        "the end of what was due",
        120,
    )[0]
    times = [_seconds(tick["at"]) for tick in ended]
    assert all(later - at == 10 for at, later in pairwise(times)), times
    runs = [tick["run"] for tick in ended if tick["run"]]
    assert len(runs) == len(set(runs))
    assert [tick["state"] for tick in ended if tick["run"]] == ["succeeded"] * len(runs), ended
    assert {tick["state"] for tick in ended} <= {"succeeded", "skipped"}, (
        "what waited when it was paused is skipped"
    )
    log = owner.runs.log(runs[0])
    assert f"due {ended[0]['at'][:19]}+00:00 {ended[0]['at']} {ended[0]['at'][:19]}+00:00" in log


def test_run_now_pause_and_the_page_s_words(owner: Person, tmp_path: Path) -> None:
    (tmp_path / "once.py").write_text("print('now')\n")
    made = json_of(
        owner,
        "add",
        "once.py",
        "--cron",
        "0 6 1 1 *",
        "--zone",
        "Europe/Berlin",
        "--size",
        "tiny",
        cwd=tmp_path,
    )
    assert made["next_at"].endswith("-01-01T05:00:00.000Z")
    tick = json_of(owner, "run", "once.py")
    assert owner.runs.end(tick["run"])["status"] == "succeeded"
    until(lambda: ticks_of(owner, "once.py")[0]["state"] == "succeeded", "the tick's end", 20)
    assert json_of(owner, "show", "once.py")["record"]["success_rate"] == 1.0
    bad = owner.command("schedule", "add", "once.py", "--cron", "0 0 31 2 *", "--zone", "UTC", cwd=tmp_path)
    assert bad.returncode == 1
    assert "never due" in bad.stderr
    json_of(owner, "rm", "once.py", "--yes")
    assert owner.runs.show(tick["run"])["schedule"] == made["id"]


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()
