"""Starting kernels and running the smoke notebook, each as a run does it: with the runner and a job for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import Any

from .checks import Failed, last_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.runner import CONTRACT, kernelspec
else:
    from runner import CONTRACT, kernelspec  # beside this package in the zip

_SECONDS = 600.0
_LIMITS = {
    "cell_stream_bytes": 1_000_000,
    "run_stream_bytes": 10_000_000,
    "line_bytes": 100_000,
    "cell_display_bytes": 20_000_000,
    "run_display_bytes": 50_000_000,
}


class Bench:
    """Where runs are made: ``root`` gets a folder for each, with the runner in it."""

    def __init__(self, root: str, runner: str) -> None:
        self._root = root
        self._runner = runner
        self._count = 0
        self.contract: int | None = None

    def run(self, notebook: bytes, name: str, kernel: str) -> str:
        """Run a notebook; in words, what it took.

        Raises:
            Failed: it did not succeed.
        """
        self._count += 1
        root = os.path.join(self._root, str(self._count))
        for folder in ("in", "work", "out", "result"):
            os.makedirs(os.path.join(root, folder))
        shutil.copytree(self._runner, os.path.join(root, "in", "runner"))
        with open(os.path.join(root, "work", name), "wb") as file:
            file.write(notebook)
        job = {
            "contract": CONTRACT,
            "run": "preflight",
            "attempt": 1,
            "owner": "preflight",
            "name": name,
            "kind": "notebook",
            "file": name,
            "kernel": kernel,
            "interpreter": None,
            "parameters": {},
            "cell_timeout_seconds": None,
            "limits": _LIMITS,
        }
        with open(os.path.join(root, "in", "job.json"), "w", encoding="utf-8") as file:
            json.dump(job, file)
        return self._read(*_execute(root), kernel)

    def _read(self, printed: str, said: str, kernel: str) -> str:
        events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
        started = next((event for event in events if event["event"] == "started"), None)
        finished = next((event for event in events if event["event"] == "finished"), None)
        if started is not None:
            self.contract = int(started["contract"])
        if finished is None:
            raise Failed(f"the runner was cut off with the kernel {kernel}:{last_lines(said)}")
        if finished["outcome"] != "succeeded":
            error = finished.get("error") or {}
            traceback = "\n".join(error.get("traceback") or [])
            if "No module named 'zmq'" in str(finished["reason"]):
                raise Failed(
                    "the image's python3 has no pyzmq, which runs of notebooks need: install the package ipykernel"
                )
            raise Failed(f"{finished['reason']}{last_lines(_plain(traceback) or said)}")
        return f"{finished['cells_done']} cells, kernel {kernel}"


def _execute(root: str) -> tuple[str, str]:
    try:
        done = subprocess.run(
            ["python3", os.path.join(root, "in", "runner")],
            cwd=os.path.join(root, "work"),
            env={**os.environ, "NIGHTDESK_OUTPUT_DIR": os.path.join(root, "out")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"it has not ended within {_SECONDS:.0f} s") from None
    return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def _plain(text: str) -> str:
    """Without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def there() -> list[dict[str, str]]:
    """The kernels that the image has."""
    found = []
    for name, folder in sorted(kernelspec._folders().items()):
        fields: dict[str, Any] = {}
        if folder:
            with open(os.path.join(folder, "kernel.json"), encoding="utf-8") as file:
                fields = json.load(file)
        found.append(
            {
                "name": os.path.basename(folder) or name,
                "display_name": str(fields.get("display_name") or name),
                "language": str(fields.get("language") or "python"),
            }
        )
    return found


def one_cell(kernel: str) -> bytes:
    """The smallest notebook."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "one",
        "metadata": {},
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]}).encode()


def kernel_of(notebook: bytes) -> str:
    """The kernel that a notebook asks for; empty where it asks for none, or is no notebook."""
    try:
        return str(json.loads(notebook)["metadata"].get("kernelspec", {}).get("name", ""))
    except (ValueError, KeyError, AttributeError, TypeError):
        return ""
