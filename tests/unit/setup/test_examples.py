"""What `make examples` prepares before the examples run: a connection, a grant, and a version with their package inside."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import demo
import pytest

import examples

LISTED = {
    "environments": [
        {"name": "modelling", "versions": [{"version": "2026.12.1"}]},
        {"name": "python-data", "versions": [{"version": "2027.1.1"}, {"version": "2026.12.1"}]},
    ]
}


class Platform:
    """Answers commands; `refused` are the beginnings of those that fail."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked: list[str] = []

    def __call__(self, _state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        line = " ".join(arguments)
        self.asked.append(line)
        code = int(any(line.startswith(each) for each in self.refused))
        return subprocess.CompletedProcess(arguments, code, json.dumps(LISTED), "no words")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    def with_(*refused: str) -> Platform:
        platform = Platform(*refused)
        monkeypatch.setattr(examples, "as_admin", platform)
        return platform

    return with_


def test_a_connection_is_added_granted_and_tried(answer: Any, tmp_path: Path) -> None:
    platform = answer("connection show")
    examples.ensure_connection(tmp_path, "172.17.0.1:5433")
    _, added, granted, tried = platform.asked
    assert added.startswith("connection add postgresql production --host 172.17.0.1 --port 5433")
    assert f"--secret-file {tmp_path}/database/password" in added
    assert granted == "connection grant production --person ada --write"
    assert tried == "connection test production"


def test_one_that_is_there_stays(answer: Any, tmp_path: Path) -> None:
    platform = answer()
    examples.ensure_connection(tmp_path, "172.17.0.1:5433")
    assert not [each for each in platform.asked if "add" in each]


def test_one_that_does_not_work_ends_it_in_words(answer: Any, tmp_path: Path) -> None:
    answer("connection test")
    with pytest.raises(demo.Unmet, match="the connection production: no words"):
        examples.ensure_connection(tmp_path, "172.17.0.1:5433")


def test_the_package_is_put_on_the_newest_packages(answer: Any, tmp_path: Path) -> None:
    platform = answer("env show")
    examples.ensure_version(tmp_path)
    assert platform.asked[-1] == (
        "env build --like python-data:2027.1.1 --with examples/issue-positions/package --name issue-models --channel stable"
    )
    platform = answer()
    examples.ensure_version(tmp_path)
    assert platform.asked == ["env show issue-models"]


def test_nothing_that_names_another_platform_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTDESK_TOKEN", "somebody's")
    monkeypatch.setenv("KEPT", "yes")
    clean = examples.clean()
    assert "NIGHTDESK_TOKEN" not in clean
    assert clean["KEPT"] == "yes"
