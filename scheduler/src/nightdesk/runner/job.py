"""The job: what to run, where and within which limits (`in/job.json`)."""

from __future__ import annotations

import json
import os

from . import CONTRACT
from .outcome import BadJob

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_LIMITS = {
    "cell_stream_bytes": 1_000_000,
    "run_stream_bytes": 10_000_000,
    "line_bytes": 100_000,
    "cell_display_bytes": 20_000_000,
    "run_display_bytes": 50_000_000,
}


class Job:
    """A checked job, with the folders of its run."""

    def __init__(self, root: str, fields: dict[str, Any]) -> None:
        if fields.get("contract") != CONTRACT:
            asked = json.dumps(fields.get("contract"))
            raise BadJob(
                f"the job asks for contract {asked} and this runner speaks contract {CONTRACT}: "
                "the runner and the platform must come from the same release"
            )
        self.out = os.path.join(root, "out")
        self.result = os.path.join(root, "result")
        self.kind: str = _one_of(fields, "kind", ("notebook", "script"))
        self.path = _file_inside(os.path.join(root, "work"), fields.get("file"))
        self.kernel: str | None = fields.get("kernel")
        self.interpreter: list[str] = fields.get("interpreter") or []
        self.parameters: dict[str, Any] = fields.get("parameters") or {}
        self.scheduled_at: str | None = fields.get("scheduled_at")
        self.cell_timeout: float | None = None
        if fields.get("cell_timeout_seconds") is not None:
            self.cell_timeout = _positive(fields, "cell_timeout_seconds")
        limits = {**DEFAULT_LIMITS, **(fields.get("limits") or {})}
        self.cell_stream_bytes = int(_positive(limits, "cell_stream_bytes"))
        self.run_stream_bytes = int(_positive(limits, "run_stream_bytes"))
        self.line_bytes = int(_positive(limits, "line_bytes"))
        self.cell_display_bytes = int(_positive(limits, "cell_display_bytes"))
        self.run_display_bytes = int(_positive(limits, "run_display_bytes"))
        if self.kind == "notebook" and not isinstance(self.kernel, str):
            raise BadJob("the job names no `kernel` for its notebook")
        if self.kind == "script" and not self.interpreter:
            raise BadJob("the job names no `interpreter` for its script")

    @property
    def folder(self) -> str:
        """Where the code runs: the file's own folder, as in a session."""
        return os.path.dirname(self.path)


def read(root: str) -> Job:
    """The job under `root`. Raises BadJob."""
    path = os.path.join(root, "in", "job.json")
    try:
        with open(path, encoding="utf-8") as file:
            fields = json.load(file)
    except (OSError, ValueError) as problem:
        raise BadJob(f"the job cannot be read from {path}: {problem}") from problem
    if not isinstance(fields, dict):
        raise BadJob(f"the job in {path} is not a JSON object")
    return Job(root, fields)


def _one_of(fields: dict[str, Any], key: str, known: tuple[str, ...]) -> str:
    value = fields.get(key)
    if value not in known:
        raise BadJob(f"the job's `{key}` is {json.dumps(value)}; known are {', '.join(known)}")
    return str(value)


def _positive(fields: dict[str, Any], key: str) -> float:
    value = fields[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise BadJob(f"the job's `{key}` is {json.dumps(value)}; it has to be a number above 0")
    return value


def _file_inside(work: str, name: Any) -> str:
    path = os.path.abspath(os.path.join(work, str(name)))
    if not isinstance(name, str) or "\0" in name or os.path.commonpath([path, work]) != work:
        raise BadJob(f"the job's `file` {json.dumps(name)} is not a path inside the work folder")
    if not os.path.isfile(path):
        raise BadJob(f"there is no file {name!r} in the work folder")
    return path
