"""What people have of the machine, and what they have had in a month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from nightdesk.server.domain.errors import Invalid

_FIRST, _LAST = 2000, 9998


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, at: float) -> Month:
        """The month of a moment, seconds since 1970."""
        day = datetime.fromtimestamp(at, UTC)
        return cls(day.year, day.month)

    @classmethod
    def read(cls, text: str) -> Month:
        """``2026-11``.

        Raises:
            Invalid: it is no month.
        """
        found = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
        if not found or not (_FIRST <= int(found[1]) <= _LAST and 1 <= int(found[2]) <= 12):
            raise Invalid(f"'{text[:20]}' is no month", "Write it as 2026-11.")
        return cls(int(found[1]), int(found[2]))

    @property
    def start(self) -> float:
        """Its first moment, seconds since 1970."""
        return datetime(self.year, self.month, 1, tzinfo=UTC).timestamp()

    @property
    def end(self) -> float:
        """The first moment after it."""
        return self.next.start

    @property
    def next(self) -> Month:
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def before(self) -> Month:
        """The month before it."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    @property
    def words(self) -> str:
        """``November 2026``."""
        return datetime(self.year, self.month, 1, tzinfo=UTC).strftime("%B %Y")

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody has at the moment: how many, and the cores and bytes that their sizes give them."""

    count: int = 0
    cpus: float = 0.0
    memory_bytes: int = 0

    def __add__(self, other: Held) -> Held:
        return Held(self.count + other.count, self.cpus + other.cpus, self.memory_bytes + other.memory_bytes)


@dataclass(frozen=True, slots=True)
class Had:
    """What somebody had in a stretch of time, of one kind in one environment; seconds, core- and byte-seconds."""

    person: str
    kind: str  # run or session
    environment: str
    groups: tuple[str, ...]
    count: int
    seconds: float
    cpu_seconds: float
    byte_seconds: float


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder's size in bytes, when somebody looked."""

    person: str
    bytes: int
    measured_at: float
