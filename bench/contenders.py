"""Ways to get a one-line notebook executed, each from being asked to the result being there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import requests

from tests.support.notebooks import notebook
from tests.support.platform import docker

BIN = Path(sys.prefix) / "bin"
ONE = notebook("print(6 * 7)")
SECONDS = 120


@dataclass(frozen=True)
class Target:
    """A platform, and whose runs these are."""

    url: str
    token: str


class Contender(Protocol):
    """Does the same thing each time it is called; raises when it did not work."""

    name: str

    def __call__(self) -> None: ...


class Papermill:
    """`papermill` as it comes, in this machine's own environment: no container, no platform.

    An environment that holds a Jupyter server as well, as this one does, has a package that jsonschema
    looks for and spends a second on at each start of papermill. `alone` hides it: then papermill is as
    quick as in an environment of its own.
    """

    def __init__(self, folder: Path, *, alone: bool) -> None:
        self.name = "papermill" if alone else "papermill beside a Jupyter server"
        self._folder = folder
        self._environment = bare_environment(folder) if alone else dict(os.environ)
        (folder / "one.ipynb").write_bytes(ONE)

    def __call__(self) -> None:
        command = [
            str(BIN / "papermill"),
            "one.ipynb",
            "result.ipynb",
            "--no-progress-bar",
            "--kernel",
            "python3",
        ]
        subprocess.run(
            command, cwd=self._folder, env=self._environment, check=True, capture_output=True, timeout=SECONDS
        )


def bare_environment(folder: Path) -> dict[str, str]:
    """Variables under which papermill is as quick as in an environment of its own."""
    hidden = folder / "hidden"
    hidden.mkdir(exist_ok=True)
    (hidden / "rfc3987_syntax.py").write_text("raise ImportError('hidden')\n", "utf-8")
    return {**os.environ, "PYTHONPATH": str(hidden)}


class Submit:
    """The command line, as somebody types it."""

    name = "nightdesk submit --watch"

    def __init__(self, target: Target, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "NIGHTDESK_URL": target.url, "NIGHTDESK_TOKEN": target.token}

    def __call__(self) -> None:
        command = [str(BIN / "nightdesk"), "submit", "one.ipynb", "--watch", "--json"]
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment, check=True, capture_output=True, timeout=SECONDS
        )
        assert json.loads(done.stdout)["status"] == "succeeded", done.stdout


class Rest:
    """The REST interface over one connection: submit, then listen until the end."""

    name = "REST"

    def __init__(self, target: Target) -> None:
        self._runs = f"{target.url}/api/v1/runs"
        self._web = requests.Session()
        self._web.trust_env = False
        self._web.headers["Authorization"] = f"Bearer {target.token}"

    def __call__(self) -> None:
        wanted = json.dumps({"file": "one.ipynb"})
        made = self._web.post(
            self._runs, data={"request": wanted}, files={"source": ("one.ipynb", ONE)}, timeout=SECONDS
        )
        made.raise_for_status()
        with self._web.get(
            f"{self._runs}/{made.json()['id']}/events", stream=True, timeout=SECONDS
        ) as events:
            ended = False
            for line in events.iter_lines(chunk_size=1):
                ended = ended or line == b"event: end"
                if ended and line.startswith(b"data: "):
                    assert json.loads(line[6:])["status"] == "succeeded", line
                    return
        raise AssertionError("the events ended before the run did")


class Engine:
    """The floor: an empty container made, started, waited for and removed, by the engine's own command."""

    name = "empty container"

    def __init__(self) -> None:
        self._image = docker("image", "inspect", "nightdesk/base:latest", "--format", "{{.Id}}").strip()

    def __call__(self) -> None:
        docker("run", "--rm", "--pull", "never", "--entrypoint", "true", self._image, seconds=SECONDS)
