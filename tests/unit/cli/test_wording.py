"""How numbers and times are read and said."""

from __future__ import annotations

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
