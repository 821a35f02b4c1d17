"""nightdesk runs, show, cancel and env."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

Run = Callable[..., Any]


def _several(platform: Any) -> None:
    for number in range(8):
        platform.add_run(f"r{number}", status="failed" if number % 2 else "succeeded", name=f"n {number}")
    platform.add_run("other", owner="ben")


def test_lists_ones_own_newest_first_over_pages(signed_in: Any, nightdesk: Run) -> None:
    _several(signed_in)
    result = nightdesk("runs")
    lines = result.out.splitlines()
    assert lines[0].split() == ["RUN", "NAME", "OWNER", "STATUS", "ENVIRONMENT", "SUBMITTED", "TOOK"]
    assert [line.split()[0] for line in lines[1:]] == [f"r{number}" for number in range(7, -1, -1)]
    assert "ben" not in result.out


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--all", "--limit", "2"], ["other", "r7"]),
        (["--mine", "--limit", "5"], ["r7", "r6", "r5", "r4", "r3"]),
        (["--status", "failed"], ["r7", "r5", "r3", "r1"]),
        (["--status", "lost"], []),
    ],
)
def test_filters(signed_in: Any, nightdesk: Run, arguments: list[str], ids: list[str]) -> None:
    _several(signed_in)
    result = nightdesk("runs", *arguments, "--json")
    assert [run["id"] for run in result.json["runs"]] == ids


@pytest.mark.usefixtures("signed_in")
def test_wrong_limits(nightdesk: Run) -> None:
    assert nightdesk("runs", "--limit", "0").code == 2
    assert nightdesk("runs", "--limit", "x").code == 2
    assert nightdesk("runs", "--mine", "--all").code == 2
    result = nightdesk("runs", "--status", "done")
    assert result.code == 2
    assert "'succeeded'" in result.err


def test_filters_go_to_the_platform(signed_in: Any, nightdesk: Run) -> None:
    _several(signed_in)
    assert [run["id"] for run in nightdesk("runs", "--name", "n 3", "--json").json["runs"]] == ["r3"]
    nightdesk(
        "runs", "--owner", "ben", "--name", "*n 4*", "--env", "python-data:2026.11.1", "--since", "2026-11-01T00:00Z",
        "--until", "2026-11-30T12:00Z", "--status", "failed",
    )  # fmt: skip
    sent = parse_qs(urlsplit(signed_in.requests[-1][1]).query)
    assert sent == {
        "owner": ["ben"],
        "limit": ["20"],
        "status": ["failed"],
        "name": ["*n 4*"],
        "environment": ["python-data:2026.11.1"],
        "since": ["2026-11-01T00:00:00Z"],
        "until": ["2026-11-30T12:00:00Z"],
    }
    result = nightdesk("runs", "--since", "soon")
    assert result.code == 2
    assert "'soon' is no time; write 2026-11-22" in result.err
    assert nightdesk("runs", "--name", "none").err == "no such runs\n"


def test_says_what_live_runs_are_doing(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run("r1", status="succeeded")
    assert "NOW" not in nightdesk("runs").out, "nothing goes on"
    signed_in.add_run("r2", waiting="waiting for a slot: 3 ahead")
    signed_in.add_run(
        "r3", status="running", progress={"cell": 2, "cells": 3}, elapsed_seconds=41.0, expected_seconds=64.0
    )
    lines = nightdesk("runs").out.splitlines()
    assert lines[0].endswith("  NOW")
    assert lines[1].endswith("  41s   cell 2 of 3 · about 20 s left")
    assert lines[2].endswith("  -     waiting for a slot: 3 ahead")
    assert lines[3].endswith("  -")


@pytest.mark.usefixtures("signed_in")
def test_an_empty_list_says_what_to_do(nightdesk: Run) -> None:
    result = nightdesk("runs")
    assert result.code == 0
    assert result.out == ""
    assert "nightdesk submit FILE" in result.err


def test_shows_one(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run(
        name="evil\x1b[2J name",
        status="failed",
        reason="out of memory, limit 2 GB",
        error={"type": "MemoryError", "message": "", "cell": 4},
        parameters={"year": 2026},
        started_at="2026-11-22T10:00:01Z",
        finished_at="2026-11-22T12:04:01Z",
        notes=["no kernel was named: python3 is used"],
        attempt=2,
    )
    signed_in.put_output("plots/a.png", b"x" * 2000)
    result = nightdesk("show", "run1")
    for words in (
        "evil\\x1b[2J name", "failed", "out of memory, limit 2 GB", "MemoryError", "(cell 4)", "year=2026",
        "2h 04m", "python-data:2026.11.1 (sha256:aaa", "no kernel was named", "2.0 kB  plots/a.png", "attempt 2",
        "nightdesk download run1",
    ):  # fmt: skip
        assert words in result.out, words
    assert nightdesk("show", "run1", "--json").json == signed_in.runs["run1"]
    assert nightdesk("show", "nope").code == 1


def test_shows_what_a_run_takes(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run(status="running", started_at="2026-11-22T10:00:01Z")
    assert "CPU" not in nightdesk("show", "run1").out, "nothing was measured yet"
    samples = [
        {"at": "2026-11-22T10:00:05Z", "cpus": 0.2, "memory_bytes": 340 * 2**20, "disk_bytes": 5},
        {"at": "2026-11-22T10:00:07Z", "cpus": 0.94, "memory_bytes": 210 * 2**20, "disk_bytes": 5},
    ]
    limits = {"cpus": 1.0, "memory_bytes": 2 * 2**30, "disk_bytes": 20 * 2**30}
    signed_in.usage = {"samples": samples, "limits": limits}
    signed_in.runs["run1"]["usage"] = samples[-1]
    assert (
        "using        CPU 0.9 of 1 · memory 210 MB of 2 GB (peak 340 MB)\n" in nightdesk("show", "run1").out
    )
    assert nightdesk("show", "run1", "--json").json["usage"] == samples[-1]
    signed_in.finish(usage=None, peak_memory_bytes=1_500_000_000)
    assert "used         at most 1.4 GB of memory\n" in nightdesk("show", "run1").out


def test_cancels(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run()
    assert nightdesk("cancel", "run1").out == "run run1 is cancelled\n"
    signed_in.add_run("run2")
    assert nightdesk("cancel", "run2", "--json").json["status"] == "cancelled"
    signed_in.add_run("run3", status="running")
    signed_in.answers = [(200, signed_in.runs["run3"])]
    assert nightdesk("cancel", "run3").out == "run run3 is being ended (it is running until then)\n"
    signed_in.answers = [(200, {**signed_in.runs["run3"], "status": "timed_out"})]
    assert nightdesk("cancel", "run3").out == "run run3 is over already: timed out\n"


def test_ids_cannot_reach_other_pages(signed_in: Any, nightdesk: Run) -> None:
    nightdesk("show", "../user")
    assert signed_in.requests[-1][1].endswith("/runs/..%2Fuser")


def test_lists_environments(signed_in: Any, nightdesk: Run) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    version = {"version": "2026.11.1", "digest": "sha256:1", "channels": ["stable"], "kernels": [kernel],
               "default": True, "created_at": "2026-11-01T00:00:00Z"}  # fmt: skip
    older = {**version, "version": "2026.10.1", "channels": [], "default": False}
    signed_in.environments = [
        {"name": "python-data", "title": "Python for data", "description": "", "versions": [version, older]}
    ]
    result = nightdesk("env", "list")
    assert "python-data:2026.11.1 *  stable" in result.out
    assert "python-data:2026.10.1    -" in result.out
    for order in (["--json", "env", "list"], ["env", "--json", "list"], ["env", "list", "--json"]):
        assert nightdesk(*order).json == {"environments": json.loads(json.dumps(signed_in.environments))}


def test_a_table_on_a_narrow_terminal(
    signed_in: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in.add_run(name="数据" * 40)
    monkeypatch.setattr("nightdesk.cli.table.is_terminal", lambda _: True)
    monkeypatch.setattr("nightdesk.cli.table.width", lambda _: 90)
    from nightdesk.cli.terminal import columns

    assert all(columns(line) <= 90 for line in nightdesk("runs").out.splitlines())
