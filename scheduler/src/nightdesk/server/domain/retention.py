"""How long outputs stay: which of them go, by their age, and by how many and how much one person has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.policy import Limit

DAY_SECONDS = 86400.0
YOUNG_SECONDS = 3600.0  # whatever is said: somebody may be looking at what has just come


@dataclass(frozen=True, slots=True)
class Rules:
    """How long the outputs of one person stay, of how many runs, and how much. None: all there is."""

    age_seconds: float | None = None
    count: int | None = None
    bytes: int | None = None

    @property
    def none(self) -> bool:
        """Everything is kept."""
        return self.age_seconds is None and self.count is None and self.bytes is None

    @classmethod
    def of(cls, limits: Mapping[Limit, float]) -> Rules:
        """Out of the limits that somebody has."""
        days, count, size = (
            limits.get(each) for each in (Limit.OUTPUT_DAYS, Limit.OUTPUT_RUNS, Limit.OUTPUT_BYTES)
        )
        return cls(
            None if days is None else days * DAY_SECONDS,
            None if count is None else int(count),
            None if size is None else int(size),
        )

    def limits(self) -> dict[Limit, float]:
        """The same as limits."""
        days = None if self.age_seconds is None else self.age_seconds / DAY_SECONDS
        said = {Limit.OUTPUT_DAYS: days, Limit.OUTPUT_RUNS: self.count, Limit.OUTPUT_BYTES: self.bytes}
        return {limit: value for limit, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Stored:
    """What a run that is over has in the store, all attempts together."""

    run_id: str
    owner: str
    name: str
    finished_at: float
    bytes: int
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Going:
    """Outputs that go, and why."""

    stored: Stored
    why: str


@dataclass(frozen=True, slots=True)
class StoreUse:
    """What somebody has in the store: bytes and runs, and how much of it has a keep mark."""

    bytes: int = 0
    runs: int = 0
    kept_bytes: int = 0
    kept_runs: int = 0


def going(
    stored: Iterable[Stored], rules_of: Callable[[str], Rules], protected: Collection[str], now: float
) -> list[Going]:
    """What goes now, each person's oldest first, by the rules that hold for them.

    What has a keep mark, is protected (something points at it) or is younger than an hour stays, and counts.
    """
    of: dict[str, list[Stored]] = {}
    for one in stored:
        of.setdefault(one.owner, []).append(one)
    found: list[Going] = []
    for owner, theirs in of.items():
        rules = rules_of(owner)
        theirs.sort(key=lambda one: (one.finished_at, one.run_id))
        count, total = len(theirs), sum(one.bytes for one in theirs)
        for one in theirs:
            why = _why(one, rules, count, total, now)
            if why and not (one.kept or one.run_id in protected or one.finished_at > now - YOUNG_SECONDS):
                found.append(Going(one, why))
                count, total = count - 1, total - one.bytes
    return found


def _why(one: Stored, rules: Rules, count: int, total: int, now: float) -> str:
    if rules.age_seconds is not None and one.finished_at < now - rules.age_seconds:
        return f"older than {_days(rules.age_seconds)}"
    if rules.count is not None and count > rules.count:
        return f"{one.owner} has outputs of more than {rules.count:,} runs"
    if rules.bytes is not None and total > rules.bytes:
        return f"{one.owner} has more than {human_bytes(rules.bytes)} of outputs"
    return ""


def _days(seconds: float) -> str:
    days = seconds / DAY_SECONDS
    return f"{days:g} {'day' if days == 1 else 'days'}" if days >= 1 else f"{seconds / 3600:g} hours"
