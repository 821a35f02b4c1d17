"""Points in time as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nightdesk.cli.wording import seconds_of

WRITE = "write 2026-11-22, 2026-11-22T16:30, today, yesterday, or 90m, 12h, 7d for so long ago"


def moment_of(text: str, now: datetime | None = None, *, end: bool = False) -> str:
    """What `text` means, by the clock on this machine's wall, as a time in UTC and ISO 8601.

    A day alone is its beginning, with `end` its end. Raises ValueError.
    """
    now = (now or datetime.now(UTC)).astimezone()
    words = text.strip().lower()
    day = {"today": now.date(), "yesterday": now.date() - timedelta(days=1)}.get(words)
    if day is None and words and words[-1] in "smhd" and words[0].isdigit():
        return _iso(now - timedelta(seconds=seconds_of(words)))
    # Without an offset it is local time, with the one that holds on that day.
    at = datetime(day.year, day.month, day.day) if day else datetime.fromisoformat(text.strip())
    if end and (day is not None or len(words) <= len("2026-11-22")):
        at += timedelta(days=1)
    return _iso(at.astimezone())


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
