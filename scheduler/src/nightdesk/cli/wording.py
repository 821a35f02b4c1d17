"""How numbers, times and runs are said, and read."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.answers import Run, Usage

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str, least: int = 1) -> int:
    """The seconds in `90s`, `5m`, `2h`, `1d`, `1h30m`; a bare number is seconds. Raises ValueError."""
    number = ""
    total = 0
    for character in text.strip().lower():
        if character.isascii() and character.isdigit():
            number += character
        elif number and character in _UNITS:
            total += int(number) * _UNITS[character]
            number = ""
        else:
            raise ValueError(text)
    if number and total:
        raise ValueError(text)  # "1h30": thirty of what?
    total += int(number or 0)
    if total < least or not text.strip():
        raise ValueError(text)
    return total


def duration(seconds: float) -> str:
    """`0.4s`, `12s`, `1m 04s`, `2h 03m`, `3d 04h`."""
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    for big, small, size, part in (("d", "h", 86400, 3600), ("h", "m", 3600, 60), ("m", "s", 60, 1)):
        if whole >= size:
            return f"{whole // size}{big} {whole % size // part:02d}{small}"
    return f"{whole}s"


def left(expected: float | None, elapsed: float | None) -> str:
    """`about 3 min left`, or that it takes longer than earlier runs did; empty where nothing is known."""
    if expected is None or elapsed is None:
        return ""
    rest = expected - elapsed
    if rest < -max(2.0, expected / 10):
        return f"longer than usual ({duration(expected)})"
    if rest < 10:
        return "a few seconds left"
    if rest < 55:
        return f"about {round(rest / 10) * 10} s left"
    if rest < 3600 - 30:
        return f"about {max(1, round(rest / 60))} min left"
    half_hours = round(rest / 1800)
    return f"about {half_hours // 2}{'½' if half_hours % 2 else ''} h left"


def size(count: float | None) -> str:
    """`512 B`, `3.4 kB`, `1.2 GB` (powers of a thousand)."""
    if count is None:
        return "?"
    if count < 1000:
        return f"{count:.0f} B"
    units = iter(("kB", "MB", "GB", "TB"))
    unit = "B"
    while count >= 999.5 and unit != "TB":
        count /= 1000
        unit = next(units)
    return f"{count:.1f} {unit}" if count < 9.95 else f"{count:.0f} {unit}"


def memory(count: float) -> str:
    """`512 B`, `340 MB`, `1.2 GB` in powers of 1024, as sizes of runs are counted: `2G` is `2 GB`."""
    units = iter(("KB", "MB", "GB", "TB"))
    unit = "B"
    while count >= 1023.5 and unit != "TB":
        count /= 1024
        unit = next(units)
    return (f"{count:.1f}".removesuffix(".0") if count < 9.95 else f"{count:.0f}") + f" {unit}"


def usage(used: Usage) -> str:
    """`CPU 0.9 of 1 · memory 210 MB of 2 GB (peak 340 MB)`; empty before anything was measured."""
    if not used["samples"]:
        return ""
    now, limits = used["samples"][-1], used["limits"]
    peak = max(sample["memory_bytes"] for sample in used["samples"])
    return (
        f"CPU {now['cpus']:.1f} of {limits['cpus']:g} · "
        f"memory {memory(now['memory_bytes'])} of {memory(limits['memory_bytes'])} (peak {memory(peak)})"
    )


def moment(text: str | None) -> float | None:
    """Seconds since 1970 of an ISO 8601 time; None where there is none."""
    if not text:
        return None
    from datetime import UTC, datetime

    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def when(text: str | None, now: float | None = None) -> str:
    """How long ago, or for what is older than a day the local date and time."""
    at = moment(text)
    if at is None:
        return "-"
    ago = (time.time() if now is None else now) - at
    if ago < 60:
        return "just now"
    if ago < 3600:
        return f"{ago // 60:.0f} min ago"
    if ago < 86400:
        return f"{ago // 3600:.0f} h ago"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def run_duration(run: Run, now: float | None = None) -> float | None:
    """Seconds from the start of a run to its end or until now; None before its start."""
    if run.get("elapsed_seconds") is not None:
        return run["elapsed_seconds"]  # by the platform's clock, which may differ from ours
    started = moment(run.get("started_at"))
    if started is None:
        return None
    finished = moment(run.get("finished_at"))
    if finished is None:
        finished = time.time() if now is None else now
    return max(0.0, finished - started)


def doing(run: Run) -> str:
    """What a run that is not over is doing: where it stands, why it waits, how long it is going to take."""
    if run["status"] == "queued":
        return run.get("waiting") or ""
    if run["status"] != "running":
        return ""
    progress = run.get("progress")
    cell = f"cell {progress['cell']} of {progress['cells']}" if progress and progress["cell"] else ""
    rest = run.get("reason") or left(run.get("expected_seconds"), run_duration(run))
    return " · ".join(part for part in (cell, rest) if part)


def status_words(status: str) -> str:
    return status.replace("_", " ")


def environment(run: Run) -> str:
    used = run["environment"]
    return f"{used['name']}:{used['version']}"
