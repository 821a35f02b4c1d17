"""What runs take is seen while they go on, and a run that meets a limit of its size says so and keeps what it made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..support.notebooks import notebook, printed
from ..support.people import Person
from ..support.platform import docker
from ..support.runs import FINAL
from ..support.waiting import until

pytestmark = pytest.mark.platform
MB = 2**20

BUSY = """
import os, pathlib
held = b"x" * (120 * 2**20)
pathlib.Path("data.bin").write_bytes(held[: 30 * 2**20])
team = pathlib.Path("/shared/team") if pathlib.Path("/shared/team").is_dir() else pathlib.Path("/shared")
gate = team / f".gate-{os.environ['NIGHTDESK_RUN_ID']}"
while not gate.exists():
    sum(range(100_000))
"""
FILL = """
import os, pathlib, time
out = pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"])
(out / "kept.txt").write_text("kept")
(out / "large.bin").write_bytes(bytes(17 * 2**20))
print("filling", flush=True)
for number in range(1000):
    pathlib.Path(f"part-{number}").write_bytes(os.urandom(2**20))
    time.sleep(0.05)
"""
ONE = "with open('one.bin', 'wb') as file:\n    while True:\n        file.write(bytes(2**20))"
CROWD = """
import threading, time
for number in range(200):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
"""
SUBMITTED = {
    "fill": (notebook("print('first')", FILL), "fill.ipynb"),
    "one": (notebook(ONE), "one.ipynb"),
    "crowd": (notebook("print('first')", CROWD), "crowd.ipynb"),
}


@pytest.fixture(scope="module")
def ids(ada: Person) -> dict[str, str]:
    """All of them, side by side."""
    return {
        name: ada.runs.submit(source, file, size="cramped")["id"]
        for name, (source, file) in SUBMITTED.items()
    }


@pytest.fixture
def busy(ada: Person) -> Iterator[str]:
    """A run that computes and holds memory until somebody opens its gate."""
    run = ada.runs.submit(notebook(BUSY), "busy.ipynb", size="tiny")["id"]
    yield run
    if ada.runs.show(run)["status"] not in FINAL:
        ada.runs.cancel(run)


def usage(person: Person, run: str) -> Any:
    """What the run took so far."""
    return person.runs.ask("GET", f"/runs/{run}/usage")


def test_a_run_that_takes_too_much_of_the_disk_is_ended(ada: Person, ids: dict[str, str]) -> None:
    run = ada.runs.end(ids["fill"], 90)
    assert run["status"] == "failed"
    assert run["reason"] == (
        "Stopped in cell 2 of 2: its files took more than the 64 MB of size 'cramped'. "
        "Choose a larger size, or keep less on disk."
    )
    assert run["error"] == {"type": "DiskLimit", "message": "limit 64 MB", "cell": 2}
    assert ada.runs.output(ids["fill"], "kept.txt") == b"kept"
    assert printed(ada.runs.output(ids["fill"], "notebook.ipynb")) == "first\nfilling\n"
    log = ada.runs.log(ids["fill"])
    assert "left out: large.bin: over the limit of 16 MB for all outputs together" in log


def test_no_single_file_passes_the_limit(ada: Person, ids: dict[str, str]) -> None:
    run = ada.runs.end(ids["one"], 90)
    assert run["status"] == "failed"
    assert run["error"]["message"] == "[Errno 27] File too large"
    assert run["reason"].endswith(
        "In size 'cramped' one file may have 64 MB. Choose a larger size, or write several files."
    )


def test_a_run_that_starts_too_many_threads_says_which_limit_it_met(ada: Person, ids: dict[str, str]) -> None:
    run = ada.runs.end(ids["crowd"], 90)
    assert run["status"] == "failed"
    assert run["error"]["message"] == "can't start new thread"
    assert "Size 'cramped' allows 96 processes and threads at a time." in run["reason"]
    assert printed(ada.runs.output(ids["crowd"], "notebook.ipynb")) == "first\n"


def test_what_a_run_takes_is_seen_while_it_goes_on(ada: Person, busy: str) -> None:
    def seen() -> Any:
        return [
            one for one in usage(ada, busy)["samples"] if one["memory_bytes"] > 120 * MB and one["cpus"] > 0.2
        ]

    sample = until(seen, "its memory and its core in use", 60)[0]
    assert sample["memory_bytes"] <= 256 * MB
    assert sample["cpus"] <= 1.2, "a size of one core"
    assert 30 * MB <= sample["disk_bytes"] < 40 * MB
    assert usage(ada, busy)["limits"]["memory_bytes"] == 256 * MB
    assert ada.runs.show(busy)["usage"]["memory_bytes"] > 100 * MB
    docker("exec", ada.platform.service("worker"), "touch", f"/shared/.gate-{busy}")
    ended = ada.runs.end(busy)
    assert ended["status"] == "succeeded", ended
    assert seen(), "it is still there when the run is over"
    document = json.loads(ada.runs.output(busy, "manifest.json"))
    assert document["cpu_seconds"] > 1
    assert document["peak_memory_bytes"] > 120 * MB


def test_a_paused_run_says_so_until_it_goes_on(ada: Person, busy: str) -> None:
    ada.runs.reach(busy, "running")
    container = f"{ada.platform.project}-run-{busy}-1"
    until(lambda: usage(ada, busy)["samples"], "the first sample")
    docker("pause", container)
    words = until(lambda: ada.runs.show(busy)["reason"], "the words that it is paused")
    identity = ada.platform.inspect(container)["Id"]
    assert f"docker unpause {identity[:12]}" in words
    docker("unpause", container)
    until(lambda: ada.runs.show(busy)["reason"] is None, "the words are gone")
