"""Outputs that have had their time go from a real store; what is marked or pointed at stays, and counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ..support.people import Person, join, leave
from ..support.platform import Platform, docker
from ..support.runs import Held, Refused
from ..support.waiting import until

pytestmark = pytest.mark.platform

BYTES = 200_000
MAKE = f"""
import os, pathlib
(pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"]) / "data.bin").write_bytes(bytes({BYTES}))
""".encode()
# Time passes: these runs ended three days ago, in this order.
AGE = """
import sqlite3, sys, time
from nightdesk.config import load
path = load("/etc/nightdesk/nightdesk.yaml").database.url.removeprefix("sqlite:///")
with sqlite3.connect(path, timeout=60) as database:
    for number, run in enumerate(sys.argv[1:]):
        ended = time.time() - 3 * 86400 + number
        aged = database.execute("UPDATE runs SET finished_at = ? WHERE id = ?", (ended, run))
        assert aged.rowcount == 1
"""
NOW = """
from nightdesk.config import load
from nightdesk.server.bootstrap import records_for
records_for(load("/etc/nightdesk/nightdesk.yaml")).wish_turn("retention")
"""
JANITOR_SECONDS = 30  # it looks each five


@dataclass(frozen=True)
class Shelf:
    """Runs of one person, oldest first, three days old, and one that is new."""

    person: Person
    plain: str
    first: str  # of the report; the next one is its newest version
    newest: str
    scheduled: str
    marked: str
    read: str  # by a run that goes on
    new: str
    reader: Held

    @property
    def old(self) -> list[str]:
        return [self.plain, self.first, self.newest, self.scheduled, self.marked, self.read]


@pytest.fixture(scope="module")
def shelf(platform: Platform, admin: Person) -> Iterator[Shelf]:
    rita = join(platform, "rita")
    names = ("plain", "weekly", "weekly", "marked", "read", "new")
    ids = [rita.runs.submit(MAKE, "make.py", name=name)["id"] for name in names]
    for run in ids:
        assert rita.runs.end(run)["status"] == "succeeded"
    plain, first, newest, marked, read, new = ids
    report = {"name": "rita-weekly", "title": "Weekly", "source_name": "weekly", "output": "data.bin"}
    rita.runs.ask("POST", "/reports", json=report)
    rita.runs.ask("PUT", f"/runs/{marked}/keep")
    wanted = {"file": "make.py", "name": "yearly", "cron": "0 6 1 1 *", "run": plain}
    schedule = rita.runs.ask("POST", "/schedules", files={"request": (None, json.dumps(wanted))})["id"]
    tick = rita.runs.ask("POST", f"/schedules/{schedule}/run")
    with rita.runs.hold(inputs=[{"name": "data.bin", "run": read, "output": "data.bin"}]) as reader:
        reader.holding()
        scheduled = tick["run"]
        assert rita.runs.end(scheduled)["status"] == "succeeded"
        shelf = Shelf(rita, plain, first, newest, scheduled, marked, read, new, reader)
        docker("exec", platform.service("worker"), "python", "-c", AGE, *shelf.old)
        yield shelf
    rita.runs.ask("DELETE", "/reports/rita-weekly")
    limits(
        admin, shelf, *(part for each in ("days", "runs", "size") for part in (f"--output-{each}", "inherit"))
    )
    leave(platform, rita.name)


def limits(admin: Person, shelf: Shelf, *options: str) -> None:
    done = admin.command("user", "limit", shelf.person.name, *options)
    assert done.returncode == 0, done.stderr


def would_go(admin: Person) -> list[tuple[str, str]]:
    """Which of them, and why."""
    done = admin.command("retention", "show", "--json")
    assert done.returncode == 0, done.stderr
    return [(one["run"], one["why"]) for one in json.loads(done.stdout)["runs"]]


def stored(platform: Platform, run: str) -> bool:
    found = docker(
        "exec", platform.service("worker"), "sh", "-c", f"ls /store/runs/{run} 2>/dev/null || true"
    )
    return bool(found.strip())


def test_what_would_go_by_age_by_number_and_by_size(admin: Person, shelf: Shelf) -> None:
    """The two that nothing points at; of the others each has something that holds it."""
    assert would_go(admin) == []
    free = [shelf.plain, shelf.first]
    limits(admin, shelf, "--output-days", "1")
    assert would_go(admin) == [(run, "older than 1 day") for run in free]
    limits(admin, shelf, "--output-days", "5", "--output-runs", "6")
    assert would_go(admin) == [(shelf.plain, "rita has outputs of more than 6 runs")]
    limits(admin, shelf, "--output-runs", "inherit", "--output-size", "300K")
    found = would_go(admin)
    assert [run for run, _ in found] == free
    assert found[0][1].startswith("rita has more than 300")
    assert shelf.person.runs.output(shelf.plain, "data.bin") == bytes(BYTES), "looking removes nothing"


def test_it_goes_and_the_run_says_so(platform: Platform, admin: Person, shelf: Shelf) -> None:
    rita = shelf.person
    before: dict[str, Any] = rita.runs.ask("GET", "/usage")["store"]
    assert before["runs"] == len(shelf.old) + 1
    limits(admin, shelf, "--output-days", "1", "--output-size", "inherit")
    docker("exec", platform.service("worker"), "python", "-c", NOW)
    gone = [shelf.plain, shelf.first]
    until(lambda: not any(stored(platform, run) for run in gone), "their end in the store", JANITOR_SECONDS)
    for run in (shelf.newest, shelf.scheduled, shelf.marked, shelf.read, shelf.new):
        assert rita.runs.output(run, "data.bin") == bytes(BYTES)
    after = rita.runs.ask("GET", "/usage")["store"]
    assert (after["runs"], after["kept_runs"]) == (before["runs"] - 2, 1)
    assert before["bytes"] - after["bytes"] >= 2 * BYTES
    assert after["kept_bytes"] >= BYTES
    shown = rita.command("show", shelf.plain).stdout
    assert "were removed" in shown
    assert "older than 1 day" in shown
    wanted = [{"name": "data.bin", "run": shelf.plain, "output": "data.bin"}]
    with pytest.raises(Refused, match="its outputs were removed: older than 1 day") as caught:
        rita.runs.submit(MAKE, "make.py", inputs=wanted)
    assert caught.value.status == 404
    noted = admin.runs.ask("GET", f"/audit?action=outputs.removed&on={shelf.plain}")
    assert len(noted["entries"]) == 1
    again = rita.runs.ask("POST", f"/runs/{shelf.plain}/retry", json={})["id"]
    assert rita.runs.end(again)["status"] == "succeeded", "what it was handed over with is there"
    shelf.reader.succeed()
    assert would_go(admin) == [(shelf.read, "older than 1 day")], "nothing reads it any more"
