"""A run's folder as the platform lays it out, and the runner executing it as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nightdesk import runner
from nightdesk.runner.outcome import EXIT_CODES

DEADLINE_SECONDS = 60
PYTHON = os.environ.get("NIGHTDESK_TEST_PYTHON", sys.executable)
"""Whose runner is tested; set it to try the runner in an environment of another age."""


def code(source: str, **metadata: Any) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return {"id": "0", **cell}


def markdown(source: str) -> dict[str, Any]:
    return {"id": "0", "cell_type": "markdown", "metadata": {}, "source": source}


def notebook(*cells: str | dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A notebook whose plain strings are code cells."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    numbered = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(made)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": numbered}


class Ended:
    """What a runner left behind."""

    def __init__(self, folder: Path, exit_code: int, stdout: bytes, stderr: str, seconds: float) -> None:
        self.folder = folder
        self.exit_code = exit_code
        self.stderr = stderr
        self.seconds = seconds
        self.events: list[dict[str, Any]] = [json.loads(line) for line in stdout.decode("ascii").splitlines()]

    @property
    def finished(self) -> dict[str, Any]:
        return self.events[-1]

    @property
    def outcome(self) -> str:
        return str(self.finished["outcome"])

    @property
    def reason(self) -> str:
        return str(self.finished["reason"])

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "result/notebook.ipynb").read_text("utf-8"))
        return found

    def outputs(self, index: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document["cells"][index]["outputs"]
        return found

    def of(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] == event]

    def text(self, name: str = "stdout", cell: int | None = 1) -> str:
        """What a cell (or a script) printed, from the events."""
        return "".join(e["text"] for e in self.of("stream") if e["name"] == name and e["cell"] == cell)

    def shown(self, index: int, name: str = "stdout") -> str:
        """What a cell printed, from the notebook."""
        streams = [o for o in self.outputs(index) if o["output_type"] == "stream" and o["name"] == name]
        return "".join("".join(output["text"]) for output in streams)

    def check(self) -> None:
        """What holds for every run, whatever its outcome."""
        assert [event["n"] for event in self.events] == list(range(1, len(self.events) + 1))
        assert len(self.of("finished")) == 1, self.events
        assert self.finished["event"] == "finished"
        assert self.exit_code == EXIT_CODES[self.outcome], self.stderr
        assert json.loads((self.folder / "result/result.json").read_bytes()) == self.finished
        assert not list(self.folder.glob("result/*.partial"))
        assert (self.finished["reason"] is None) == (self.outcome == "succeeded")


class Running:
    """A runner that was started."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process
        self._begun = time.monotonic()
        self._early = b""

    def wait_for(self, event: str) -> dict[str, Any]:
        """The first event of that name from now on."""
        assert self.process.stdout
        for line in iter(self.process.stdout.readline, b""):
            self._early += line
            found: dict[str, Any] = json.loads(line)
            if found["event"] == event:
                return found
        raise AssertionError(f"the runner ended without {event!r}: {self._early!r}")

    def terminate(self) -> None:
        self._begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> Ended:
        stdout, stderr = self.process.communicate(timeout=DEADLINE_SECONDS)
        seconds = time.monotonic() - self._begun
        stdout = self._early + stdout
        ended = Ended(self.folder, self.process.returncode, stdout, stderr.decode(errors="replace"), seconds)
        ended.check()
        return ended


class RunFolder:
    """`in/`, `work/`, `out/` and `result/` under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("in", "work", "out", "result"):
            (root / name).mkdir(parents=True)
        shutil.copytree(runner.SOURCE, root / "in/runner", ignore=shutil.ignore_patterns("__pycache__"))
        self.env: dict[str, str] = {}

    def job(self, **fields: Any) -> None:
        job = {
            "contract": 1,
            "run": "r1",
            "attempt": 1,
            "owner": "ada",
            "name": "a run",
            "parameters": {},
            **fields,
        }
        (self.root / "in/job.json").write_text(json.dumps(job))

    def notebook(self, document: Mapping[str, Any], **fields: Any) -> None:
        (self.root / "work/analysis.ipynb").write_text(json.dumps(document))
        self.job(**{"kind": "notebook", "file": "analysis.ipynb", "kernel": "python3", **fields})

    def script(self, source: str, name: str = "train.py", **fields: Any) -> None:
        (self.root / "work" / name).write_text(source)
        self.job(**{"kind": "script", "file": name, "interpreter": [PYTHON], **fields})

    def start(self) -> Running:
        env = {**os.environ, "NIGHTDESK_RUN_ID": "r1", "NIGHTDESK_ATTEMPT": "1", **self.env}
        # The rest is the runner's to set; pytest's mark would make ipykernel behave otherwise.
        for name in ("NIGHTDESK_JOB", "NIGHTDESK_OUTPUT_DIR", "NIGHTDESK_METRICS", "PYTEST_CURRENT_TEST"):
            if name not in self.env:
                env.pop(name, None)
        process = subprocess.Popen(
            [PYTHON, "-W", "error", str(self.root / "in/runner")],
            cwd=self.root / "work",
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        return Running(self.root, process)

    def run(self) -> Ended:
        return self.start().end()
