"""When something is due: by a cron line or each so many seconds, in a time zone; no clock is read here.

A cron line means times on the wall. What daylight saving does to them is as Debian's cron has it: where the hour or the
minute is fixed, a time that a day leaves out is due once, when the clock has gone on, and one that a day has twice is due
the first time; where one of them begins with a ``*``, each real interval counts. An interval is real seconds and knows no
wall.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.outcome import human_seconds

LEAST_SECONDS, MOST_SECONDS = 10, 366 * 86400
SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_WRITE = "Write minute, hour, day of month, month and day of week, such as '30 6 * * MON-FRI'."
_LONGEST_LINE = 200
_ZONE = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+){0,2}")
_FIRST_WINDOW = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Timetable:
    """Either ``cron`` or ``every`` (seconds, counted from ``anchor``); ticks are whole seconds since 1970.

    Without both it is never due by itself: pushes ask for its ticks.
    """

    zone: str
    cron: str | None = None
    every: int | None = None
    anchor: int = 0

    def after(self, instant: float) -> int | None:
        """The first tick later than this; None where there is none any more."""
        return next(self.following(instant), None)

    def following(self, instant: float) -> Iterator[int]:
        """The ticks later than this, in order."""
        if self.on_push:
            return
        if self.every is not None:
            at = self.anchor + self.every * (math.floor((instant - self.anchor) / self.every) + 1)
            while True:
                yield at
                at += self.every
        last = instant
        # Where the wall's clock went back, the times of its second pass begin before the instant: these are left out.
        begin = datetime.fromtimestamp(math.floor(instant), UTC).astimezone(zone_named(self.zone))
        for found in CronSim(self.cron or "", begin):
            at = int(found.timestamp())
            if at > last:
                last = at
                yield at

    def latest(self, since: float, until: float, most: int) -> list[int]:
        """The last ``most`` ticks from ``since`` to ``until``, both included, oldest first."""
        window = _FIRST_WINDOW
        while True:
            begin = max(until - window, since - 1)
            found: deque[int] = deque(maxlen=most)
            for at in self.following(begin):
                if at > until:
                    break
                if at >= since:
                    found.append(at)
            if len(found) == most or begin <= since - 1:
                return list(found)
            window *= 2

    @property
    def on_push(self) -> bool:
        """No clock has a say."""
        return self.cron is None and self.every is None

    @property
    def words(self) -> str:
        """``cron 30 6 * * MON-FRI, Europe/Berlin`` or ``every 15 min``."""
        if self.every is not None:
            return f"every {human_seconds(self.every)}"
        return "when commits are pushed" if self.on_push else f"cron {self.cron}, {self.zone}"


def timetable(
    cron: str | None, every: float | None, zone: str, now: float, on_push: bool = False
) -> Timetable:
    """What somebody wrote, checked; intervals are counted from ``now``.

    Raises:
        Invalid: it is no timetable, or one that is never due.
    """
    zone = zone.strip()
    zone_named(zone)
    if [cron is not None, every is not None, on_push].count(True) != 1:
        raise Invalid(
            "a schedule has either a cron line or an interval, or runs when commits are pushed",
            "Give --cron '30 6 * * *', --every 15m or --on-push.",
        )
    if on_push:
        return Timetable(zone)
    if every is not None:
        if not math.isfinite(every) or not LEAST_SECONDS <= every <= MOST_SECONDS or every != int(every):
            raise Invalid(
                f"an interval is a whole number of seconds from {LEAST_SECONDS} s to 366 days",
                field="every_seconds",
            )
        return Timetable(zone, every=int(every), anchor=math.floor(now))
    made = Timetable(zone, cron=_line(cron or ""))
    try:
        first = made.after(now)
    except CronSimError as error:
        raise _no_line(made.cron or "", str(error)) from None
    if first is None:
        raise Invalid(
            f"'{made.cron}' is never due: there is no such day",
            "Look at the day and the month.",
            field="cron",
        )
    return made


@lru_cache(maxsize=1000)
def zone_named(name: str) -> ZoneInfo:
    """The IANA time zone of this name.

    Raises:
        Invalid: there is none.
    """
    try:
        if not _ZONE.fullmatch(name):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise Invalid(
            f"there is no time zone '{name[:60]}'",
            "Write a name such as Europe/Berlin, or UTC.",
            field="zone",
        ) from None


def local(instant: float, zone: str) -> str:
    """``2026-03-29T03:00:00+02:00``: the time on the wall, with its offset."""
    at = datetime.fromtimestamp(instant, UTC).astimezone(zone_named(zone))
    return at.isoformat(timespec="seconds" if instant == int(instant) else "milliseconds")


def _line(text: str) -> str:
    """The five fields with one space between them."""
    line = " ".join(text.split())
    line = SHORTHANDS.get(line.lower(), line)
    if len(line) > _LONGEST_LINE or not line.isascii() or not line.isprintable():
        raise Invalid("the cron line is too long, or not plain text", _WRITE, field="cron")
    if len(line.split()) != 5:
        raise Invalid(
            f"'{line}' is no cron line: it has {len(line.split())} fields, not 5", _WRITE, field="cron"
        )
    try:
        CronSim(line, datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, AssertionError, ValueError, RecursionError) as error:
        raise _no_line(line, str(error)) from None
    return line.upper()


def _no_line(line: str, why: str) -> Invalid:
    """In words; cronsim says ``Bad day-of-month`` where a month has no such day as well."""
    if why == "Bad day-of-month" and _numbers_fit(line):
        return Invalid(
            f"'{line}' is never due: no such month has such a day",
            "Look at the day and the month.",
            field="cron",
        )
    field = why.removeprefix("Bad ").replace("-", " ") if why.startswith("Bad ") else ""
    return Invalid(
        f"'{line}' is no cron line" + (f": the {field} cannot be read" if field else ""), _WRITE, field="cron"
    )


def _numbers_fit(line: str) -> bool:
    """Whether its days of the month are days at all: 1 to 31."""
    return all(1 <= int(number) <= 31 for number in re.findall(r"\d+", line.split()[2].split("/")[0]))
