"""How numbers and times are read and said."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.cli import wording
from nightdesk.cli.terminal import columns, shortened


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("2h", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        ("1D 2H".replace(" ", ""), 93600),
        ("45", 45),
    ],
)
def test_times_that_are_read(text: str, seconds: int) -> None:
    assert wording.seconds_of(text) == seconds


def test_no_time_at_all_is_read_where_it_is_allowed() -> None:
    assert wording.seconds_of("0s", 0) == wording.seconds_of("0", 0) == 0
    for text in ("", " ", "-1", "s"):
        with pytest.raises(ValueError, match=f"^{text}"):
            wording.seconds_of(text, 0)


@pytest.mark.parametrize("text", ["", "0", "0s", "h", "1.5h", "-5m", "2w", "1h30", "5 m", "²h"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="^" + text):
        wording.seconds_of(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.0s"),
        (0.42, "0.4s"),
        (9.96, "10s"),
        (59.6, "1m 00s"),
        (64, "1m 04s"),
        (7380, "2h 03m"),
        (273600, "3d 04h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "?"), (0, "0 B"), (999, "999 B"), (3400, "3.4 kB"), (34_000, "34 kB"), (999_600, "1.0 MB"),
     (1_200_000_000, "1.2 GB"), (5e15, "5000 TB")],
)  # fmt: skip
def test_sizes(count: float | None, words: str) -> None:
    assert wording.size(count) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (340 * 2**20, "340 MB"), (2 * 2**30, "2 GB"),
     (2**30 - 1, "1 GB"), (1.5 * 2**30, "1.5 GB"), (12.34 * 2**30, "12 GB"), (2**52, "4096 TB")],
)  # fmt: skip
def test_memory(count: float, words: str) -> None:
    assert wording.memory(count) == words


def test_moments() -> None:
    at = wording.moment("2026-11-22T10:00:00Z")
    assert at == wording.moment("2026-11-22T11:00:00+01:00") == wording.moment("2026-11-22T10:00:00")
    assert at is not None
    said = [wording.when("2026-11-22T10:00:00Z", at + later) for later in (-5, 59, 130, 7300)]
    assert said == ["just now", "just now", "2 min ago", "2 h ago"]
    assert wording.when("2026-11-22T10:00:00Z", at + 90_000).startswith("2026-11-2")
    assert wording.when(None) == "-"


def test_columns_of_a_terminal() -> None:
    assert columns("abc") == 3
    assert columns("数据") == 4
    assert columns("e\u0301") == 1
    assert shortened("数据数据", 5) == "数据…"
    assert shortened("abc", 3) == "abc"


@pytest.mark.parametrize(
    ("elapsed", "words"),
    [
        (0, "about 3 min left"),
        (100, "about 1 min left"),
        (130, "about 50 s left"),
        (172, "a few seconds left"),
        (190, "a few seconds left"),
        (199, "longer than usual (3m 00s)"),
        (9000, "longer than usual (3m 00s)"),
    ],
)
def test_what_is_left_of_a_run_that_takes_three_minutes(elapsed: float, words: str) -> None:
    assert wording.left(180, elapsed) == words


def test_what_is_left_of_long_runs_and_of_those_that_nothing_is_known_about() -> None:
    assert wording.left(2 * 3600, 600) == "about 2 h left"
    assert wording.left(3 * 3600, 1800) == "about 2½ h left"
    assert wording.left(3600, 60) == "about 59 min left"
    assert wording.left(None, 5) == wording.left(5, None) == ""


def test_what_a_run_is_doing() -> None:
    run: Any = {"status": "queued", "waiting": "next in line"}
    assert wording.doing(run) == "next in line"
    run = {
        "status": "running",
        "progress": {"cell": 3, "cells": 12},
        "expected_seconds": 64.0,
        "elapsed_seconds": 41.0,
    }
    assert wording.doing(run) == "cell 3 of 12 · about 20 s left"
    assert wording.doing({**run, "reason": "paused from outside"}) == "cell 3 of 12 · paused from outside"
    assert wording.doing({**run, "progress": {"cell": 0, "cells": 0}, "expected_seconds": None}) == ""
    assert wording.doing({**run, "status": "starting"}) == ""
