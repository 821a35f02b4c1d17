"""Points in time as people type them, by the clock on their wall."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from nightdesk.cli.moments import moment_of

NOW = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An hour ahead of UTC in winter, two in summer; written so that no table of zones is needed."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-11-22", "2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z"),
        ("today", "2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z"),
        ("Yesterday", "2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z"),
        ("2026-11-22T16:30", "2026-11-22T15:30:00Z", "2026-11-22T15:30:00Z"),
        ("2026-11-22 16:30", "2026-11-22T15:30:00Z", "2026-11-22T15:30:00Z"),
        ("2026-11-22T16:30Z", "2026-11-22T16:30:00Z", "2026-11-22T16:30:00Z"),
        ("90m", "2026-11-22T15:00:00Z", "2026-11-22T15:00:00Z"),
        ("7d", "2026-11-15T16:30:00Z", "2026-11-15T16:30:00Z"),
    ],
)
def test_what_is_meant(text: str, begin: str, end: str) -> None:
    assert moment_of(text, NOW) == begin
    assert moment_of(text, NOW, end=True) == end


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "7w", "-7d", "22.11.2026", "tomorrow"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moment_of(text, NOW)
