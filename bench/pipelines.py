"""A pipeline of fifty steps in a row, beside the same fifty runs handed over one by one: what a pipeline adds to a step."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests

from tests.support.platform import Platform

from .figures import spread

STEPS = 50
CODE = b"pass\n"
FINAL = {"succeeded", "failed", "cancelled", "timed_out", "lost"}
PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.02


def many_steps(platform: Platform, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The figures. Of every run only what the platform has on record counts: from when it was made to its end."""
    del folder
    with requests.Session() as web:
        web.trust_env = False
        web.headers["Authorization"] = f"Bearer {platform.admin_token}"
        api = f"{platform.url}/api/v1"
        _alone(web, api)  # the image is unpacked and the first container made
        say(f"{STEPS} runs, one by one")
        alone = [_alone(web, api) for _ in range(STEPS)]
        say(f"a pipeline of {STEPS} steps in a row")
        pipeline = _pipeline(web, api)
        runs = [web.get(f"{api}/runs/{step['run']}").json() for step in pipeline["steps"]]
    own = [_seconds(run) for run in runs]
    between = [_at(later["created_at"]) - _at(run["finished_at"]) for run, later in pairwise(runs)]
    whole = _at(pipeline["finished_at"]) - _at(pipeline["created_at"])
    return {
        "steps": STEPS,
        "seconds": whole,
        "own_seconds": sum(own),
        "alone_seconds": sum(alone),
        "added_each": (whole - sum(own)) / STEPS,
        "ratio": whole / sum(alone),
        "between": spread(between),
    }


def _alone(web: requests.Session, api: str) -> float:
    """One run; seconds from when it was made to its end."""
    parts = {"request": (None, json.dumps({"file": "step.py", "size": "tiny"})), "source": ("step.py", CODE)}
    made = web.post(f"{api}/runs", files=parts).json()
    return _seconds(_ended(web, f"{api}/runs/{made['id']}", FINAL))


def _pipeline(web: requests.Session, api: str) -> dict[str, Any]:
    steps = {
        f"s{number}": {"run": "step.py", **({"needs": f"s{number - 1}"} if number else {})}
        for number in range(STEPS)
    }
    text = json.dumps({"name": "fifty", "size": "tiny", "files": False, "steps": steps})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("step.py")
        entry.size = len(CODE)
        tar.addfile(entry, io.BytesIO(CODE))
    parts: Any = {
        "request": (None, "{}"),
        "source": ("pipeline.yaml", text.encode()),
        "files": ("files.tar.gz", buffer.getvalue()),
    }
    answer = web.post(f"{api}/pipelines", files=parts)
    assert answer.status_code == 201, answer.text
    ended = _ended(web, f"{api}/pipelines/{answer.json()['id']}", {"succeeded", "failed", "cancelled"}, 0.5)
    assert ended["status"] == "succeeded", ended["reason"]
    return ended


def _ended(web: requests.Session, address: str, final: set[str], look: float = LOOK_SECONDS) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := web.get(address).json())["status"] not in final:
        assert time.monotonic() < deadline, f"{address} is {found['status']}"
        time.sleep(look)
    return found


def _seconds(run: dict[str, Any]) -> float:
    assert run["status"] == "succeeded", run
    return _at(run["finished_at"]) - _at(run["created_at"])


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
