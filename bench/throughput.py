"""Many runs queued at once by ten people, beside as many papermills at a time as there are cores."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.platform import Platform

from .contenders import BIN, ONE, bare_environment
from .crowd import Looks, Onlooker, hand_over, people
from .figures import spread
from .processor import Processor, each, machine
from .wire import Wire

BARE_LEAST, BARE_MOST = 20, 60  # notebooks in each of the two halves of the comparison
POLL_SECONDS = 1.0
PATIENCE_SECONDS = 6.0  # for each run


def throughput(platform: Platform, folder: Path, runs: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Notebooks a minute, and how the platform felt meanwhile. papermill goes before and after."""
    count = min(max(runs // 4, BARE_LEAST), BARE_MOST)
    with people(platform, "throughput") as tokens:
        one_before(platform, tokens)
        say(f"{count} notebooks by xargs and papermill")
        first = bare(folder, count)
        say(f"{runs} runs by {len(tokens)} people")
        mine = crowd(platform, tokens, runs // len(tokens))
        say(f"{count} notebooks by xargs and papermill")
        second = bare(folder, count)
    seconds = first["seconds"] + second["seconds"]
    theirs = {
        "notebooks": 2 * count,
        "at_a_time": os.cpu_count(),
        "per_minute": 2 * count / seconds * 60,
        "machine_seconds_each": (first["machine"] + second["machine"]) / (2 * count),
    }
    return {"nightdesk": mine, "papermill": theirs, "ratio": mine["per_minute"] / theirs["per_minute"]}


def bare(folder: Path, count: int) -> dict[str, float]:
    """`xargs -P papermill` in this machine's own environment; seconds of all together."""
    (folder / "one.ipynb").write_bytes(ONE)
    command = [
        str(BIN / "papermill"),
        "one.ipynb",
        "result-{}.ipynb",
        "--no-progress-bar",
        "--kernel",
        "python3",
    ]
    used, began = machine(), time.perf_counter()
    subprocess.run(
        ["xargs", f"-P{os.cpu_count()}", "-I{}", *command],
        input="\n".join(map(str, range(count))).encode(),
        cwd=folder,
        env=bare_environment(folder),
        check=True,
        capture_output=True,
        timeout=count * PATIENCE_SECONDS,
    )
    return {"seconds": time.perf_counter() - began, "machine": machine() - used}


def crowd(platform: Platform, tokens: dict[str, str], each_of_them: int) -> dict[str, Any]:
    """Everybody hands over at once; then the last run's end is waited for."""
    total = each_of_them * len(tokens)
    onlooker = Onlooker(platform.url, next(iter(tokens.values())))
    processor = Processor(platform.project)
    admin = Wire(platform.url, platform.admin_token)
    try:
        before = processor.used()
        onlooker.start()
        began = time.perf_counter()
        submits = hand_over(platform.url, tokens, each_of_them)
        submitting = time.perf_counter() - began
        between, looks_first = processor.used(), onlooker.so_far()
        _wait(admin, total * PATIENCE_SECONDS)
        seconds = time.perf_counter() - began
        after = processor.used()
        onlooker.stop()
        return {
            "runs": total,
            "people": len(tokens),
            "per_minute": total / seconds * 60,
            "submit": spread(submits) | {"per_second": total / submitting},
            "looks_while_submitting": _looks(looks_first),
            "looks": _looks(onlooker.looks),
            "starts": _starts(platform, tokens, each_of_them),
            "processor_each_submit": each(before, between, total),
            "processor_each_run": each(before, after, total),
        }
    finally:
        admin.close()
        processor.close()


def one_before(platform: Platform, tokens: dict[str, str]) -> None:
    """One run by each, so that nothing is done for the first time."""
    for token in tokens.values():
        hand_over(platform.url, {"": token}, 1)
    admin = Wire(platform.url, platform.admin_token)
    try:
        _wait(admin, PATIENCE_SECONDS * len(tokens))
    finally:
        admin.close()


def _wait(admin: Wire, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while _any_left(admin):
        assert time.monotonic() < deadline, f"some runs are not over after {seconds:.0f} s"
        time.sleep(POLL_SECONDS)


def _any_left(admin: Wire) -> bool:
    """In this order: a run that moves on between two questions is seen by the later one."""
    return any(
        admin.json(f"/api/v1/runs?owner=all&limit=1&status={status}")["runs"]
        for status in ("queued", "starting", "running")
    )


def _looks(looks: Looks) -> dict[str, Any]:
    return {
        name: spread(taken)
        for name, taken in (("list", looks.runs), ("list_page", looks.page), ("run_page", looks.run))
        if taken
    }


def _starts(platform: Platform, tokens: dict[str, str], count: int) -> dict[str, Any]:
    """When each person's first run started and last one ended, in seconds from the first submit of all."""
    runs = {name: _last(platform, token, count) for name, token in tokens.items()}
    for run in (run for owned in runs.values() for run in owned):
        assert run["status"] == "succeeded", run
    zero = min(_at(run["created_at"]) for owned in runs.values() for run in owned)
    first = [min(_at(run["started_at"]) for run in owned) - zero for owned in runs.values()]
    last = [max(_at(run["finished_at"]) for run in owned) - zero for owned in runs.values()]
    return {"first_start": [min(first), max(first)], "last_end": [min(last), max(last)]}


def _last(platform: Platform, token: str, count: int) -> list[dict[str, Any]]:
    wire = Wire(platform.url, token)
    try:
        found: list[dict[str, Any]] = []
        place = ""
        while len(found) < count:
            answer = wire.json(f"/api/v1/runs?limit={min(count - len(found), 500)}{place}")
            found += answer["runs"]
            place = f"&before={answer['next']}"
        return found
    finally:
        wire.close()


def _at(time_of: str) -> float:
    return datetime.fromisoformat(time_of).timestamp()
