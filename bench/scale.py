"""The same questions to a platform with a thousand finished runs, and with a hundred thousand."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.platform import Platform, docker

from .contenders import ONE
from .crowd import people
from .figures import spread
from .wire import Form, Wire

FEW, MANY = 1_000, 100_000
REPEATS = 40
FILL_SECONDS = 600
PAGE = 500  # runs on a page of the walk to the middle


def scale(platform: Platform, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of each question with few and with many runs, and their ratio.

    The worker is stopped meanwhile, so that what is submitted waits and nothing else goes on.
    """
    worker = platform.service("worker")
    with people(platform, "scale") as tokens:
        docker("stop", worker)
        try:
            found = {}
            for total in (FEW, MANY):
                say(f"filling the database up to {total} finished runs")
                fill(platform, total, list(tokens))
                say(f"asking {REPEATS} times each")
                found[total] = ask(platform, next(iter(tokens.values())), total)
        finally:
            docker("start", worker)
    few, many = found[FEW], found[MANY]
    return {
        "few": FEW,
        "many": MANY,
        "questions": [
            {
                "name": name,
                "few": few[name],
                "many": many[name],
                "ratio": many[name]["median"] / few[name]["median"],
            }
            for name in few
        ],
    }


def fill(platform: Platform, total: int, names: list[str]) -> None:
    """So many finished runs of these people together."""
    program = Path(__file__).with_name("fill.py").read_bytes()
    command = ["exec", "-i", platform.service("api"), "python", "-", str(total), *names]
    there = int(docker(*command, stdin=program, seconds=FILL_SECONDS))
    assert there <= total, f"these people have {there} finished runs already: take a platform of its own"


def ask(platform: Platform, token: str, total: int) -> dict[str, dict[str, float]]:
    """Each question in turn, again and again, so that what else the machine does meets all alike."""
    mine, admin = Wire(platform.url, token), Wire(platform.url, platform.admin_token)
    form = Form(ONE, "one.ipynb")
    middle = _middle(admin, total)
    # Each has a full page to show with few runs already: what is compared is finding, not showing.
    questions: dict[str, Callable[[], float]] = {
        "list": lambda: mine.get("/api/v1/runs")[0],
        "list, one status": lambda: mine.get("/api/v1/runs?status=succeeded")[0],
        "list, everybody's": lambda: admin.get("/api/v1/runs?owner=all")[0],
        "list, everybody's of one status": lambda: admin.get("/api/v1/runs?owner=all&status=failed")[0],
        "list, everybody's of some names": lambda: admin.get("/api/v1/runs?owner=all&name=daily-*")[0],
        "list, one person's": lambda: admin.get("/api/v1/runs?owner=bench-7")[0],
        "list, in the middle": lambda: admin.get(f"/api/v1/runs?owner=all&before={middle}")[0],
        "page of runs": lambda: mine.get("/")[0],
        "submit": lambda: _submit(mine, form),
    }
    taken: dict[str, list[float]] = {name: [] for name in questions}
    for number in range(-3, REPEATS):
        for name, question in questions.items():
            seconds = question()
            if number >= 0:
                taken[name].append(seconds)
    mine.close()
    admin.close()
    return {name: spread(seconds) for name, seconds in taken.items()}


def _submit(wire: Wire, form: Form) -> float:
    """The seconds of a submit; what it made is cancelled, so that the queue stays as short as it was."""
    seconds, run = wire.post("/api/v1/runs", form)
    wire.post(f"/api/v1/runs/{run['id']}/cancel")
    return seconds


def _middle(admin: Wire, total: int) -> str:
    """Where half of everybody's runs are passed, walked to page by page as somebody would."""
    passed, place = 0, ""
    deadline = time.monotonic() + FILL_SECONDS
    while passed < total // 2:
        assert time.monotonic() < deadline, f"half of {total} runs were not listed within {FILL_SECONDS} s"
        answer = admin.json(f"/api/v1/runs?owner=all&limit={PAGE}" + (f"&before={place}" if place else ""))
        passed += len(answer["runs"])
        place = answer["next"]
    return place
