"""How the pages say times; `static/page.js` says them the same way while they go on."""

from __future__ import annotations

from datetime import UTC, datetime


def when(text: str | None) -> str:
    """``2026-11-22 16:30 UTC`` of a time as the API has it; where scripts run, it becomes the reader's own."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def capital(text: str) -> str:
    """The text with its first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def took(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``1 min 4 s``, ``2 h 3 min``, ``3 d 4 h``; a dash before it began."""
    if seconds is None:
        return "–"  # noqa: RUF001 - a dash of that length
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for big, small, size, part in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            return f"{whole // size} {big} {whole % size // part} {small}"
    return f"{whole} s"


def left(elapsed: float | None, expected: float | None) -> str:
    """``about 3 min left``, or that it takes longer than earlier runs did; empty where nothing is known."""
    if elapsed is None or expected is None:
        return ""
    rest = expected - elapsed
    if rest < -max(2.0, expected / 10):
        return f"longer than usual ({took(expected)})"
    if rest < 10:
        return "a few seconds left"
    if rest < 55:
        return f"about {round(rest / 10) * 10} s left"
    if rest < 3600 - 30:
        return f"about {max(1, round(rest / 60))} min left"
    half_hours = round(rest / 1800)
    return f"about {half_hours // 2}{'½' if half_hours % 2 else ''} h left"


def figure(value: float) -> str:
    """A measured number with as many digits as tell it from its neighbours, and no more."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.5g}"
