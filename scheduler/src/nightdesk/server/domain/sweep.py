"""A sweep: one notebook or script run with many sets of parameters, so many of them at a time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nightdesk.server.domain.errors import Invalid, NotAllowed, NotFound
from nightdesk.server.domain.metric import LONGEST_NAME, Metric
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run, Status


class Goal(StrEnum):
    """Which value of the metric is the best one."""

    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep as it is on record. Times are seconds since 1970.

    ``varied`` are the names of the parameters that differ from run to run; ``said`` how its runs came about, in words;
    ``wish`` the same as it was asked for. ``kernel`` and ``language`` are what its parameters are written for.
    """

    id: str
    owner: str
    name: str
    made_by: str
    created_at: float
    file: str
    kind: str
    count: int
    varied: tuple[str, ...]
    said: str
    environment: str
    version: str
    groups: tuple[str, ...] = ()
    at_most: int | None = None
    metric: str | None = None
    goal: Goal = Goal.MAX
    kernel: str = ""
    language: str = ""
    wish: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    stopped_at: float | None = None
    stopped_by: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One set of parameters of a sweep: its newest run, how many ran before it, and what it has measured."""

    place: int
    run: Run
    earlier: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def took(self) -> float | None:
        """Seconds that its code ran; None before its end."""
        run = self.run
        if run.started_at is None or run.finished_at is None:
            return None
        return max(run.finished_at - run.started_at, 0.0)


def members(runs: Iterable[Run], measured: Mapping[str, Sequence[Metric]]) -> list[Member]:
    """The sets of parameters with their newest runs, by place."""
    newest: dict[int, Run] = {}
    counts: Counter[int] = Counter()
    for run in sorted(runs, key=lambda run: (run.created_at, run.id)):
        place = run.sweep_place or 0
        newest[place] = run
        counts[place] += 1
    return [
        Member(
            place,
            newest[place],
            counts[place] - 1,
            {metric.name: metric.value for metric in measured.get(newest[place].id, ())},
        )
        for place in sorted(newest)
    ]


def newest_of_each(runs: Iterable[Run]) -> list[Run]:
    """Of each set of parameters its newest run."""
    return [member.run for member in members(runs, {})]


def best(found: Iterable[Member], metric: str | None, goal: Goal) -> Member | None:
    """The member with the best value of those that succeeded, the first of equals; None where none has any."""
    if metric is None:
        return None
    ranked = [
        each
        for each in found
        if each.run.status is Status.SUCCEEDED and math.isfinite(each.metrics.get(metric, math.nan))
    ]
    sign = -1.0 if goal is Goal.MAX else 1.0
    return min(ranked, key=lambda each: (sign * each.metrics[metric], each.place), default=None)


def counted(found: Iterable[Member]) -> dict[str, int]:
    """How many are in which status, in the order of a run's life; none are left out."""
    counts = Counter(each.run.status for each in found)
    return {status.value: counts[status] for status in Status if counts[status]}


def over(found: Iterable[Member]) -> bool:
    """Nothing of it waits or goes on."""
    return all(each.run.final for each in found)


def check_at_most(at_most: int | None) -> int | None:
    """Raise :class:`Invalid` for a limit that would let none run."""
    if at_most is not None and not 1 <= at_most <= 10_000:
        raise Invalid(
            "at most 1 to 10000 of a sweep run at once",
            "Leave it out for no limit of its own.",
            field="at_most",
        )
    return at_most


def check_metric(metric: str | None) -> str | None:
    """Raise :class:`Invalid` for what no metric is called."""
    if metric is not None and not (0 < len(metric) <= LONGEST_NAME and metric.isprintable()):
        raise Invalid(f"a metric's name is one line of 1 to {LONGEST_NAME} characters", field="metric")
    return metric


def sees(person: Person, sweep: Sweep) -> bool:
    """Who sees the runs sees the sweep: its owner, whoever their groups let, admins."""
    return person.admin or sweep.owner == person.name or person.rights.reads.holds(sweep.groups)


def may_stop(person: Person, sweep: Sweep) -> bool:
    """Who may end its runs."""
    own = person.admin or sweep.owner == person.name
    return own or (sees(person, sweep) and person.rights.cancels.holds(sweep.groups))


def check_sees(person: Person, sweep: Sweep | None, sweep_id: str) -> Sweep:
    """The sweep, if this person may see it.

    Raises:
        NotFound: there is none, or it is another's: the two answers are the same on purpose.
    """
    if sweep is None or not sees(person, sweep):
        raise NotFound(f"there is no sweep '{sweep_id[:40]}'", "List yours: `nightdesk sweep list`.")
    return sweep


def check_may_stop(person: Person, sweep: Sweep) -> None:
    """Raise :class:`NotAllowed` where somebody sees the sweep, but may not end it."""
    if not may_stop(person, sweep):
        raise NotAllowed(
            f"sweep {sweep.id} is {sweep.owner}'s: you may read it, but not stop it",
            f"Ask {sweep.owner} or an admin.",
        )
