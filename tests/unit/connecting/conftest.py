"""Code in a run, as far as it is about what it may ask the platform for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nightdesk.connecting import asking

from .gate_double import Gate, gate

TOKEN = "run.k7m2x9qh4tfd.1.aabbcc"


@pytest.fixture
def run_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """The gate of this run, and an environment as the platform sets it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/token").write_text(f"{TOKEN}\n")
    (tmp_path / "in/job.json").write_text("{}")
    monkeypatch.setattr(asking, "_opened", {})
    for name, value in {
        "API_SOCKET": tmp_path / "api.sock",
        "TOKEN_FILE": tmp_path / "in/token",
        "JOB": tmp_path / "in/job.json",
        "MASKS": tmp_path / "masks",
    }.items():
        monkeypatch.setenv(f"NIGHTDESK_{name}", str(value))
    with gate(tmp_path / "api.sock") as double:
        yield double
