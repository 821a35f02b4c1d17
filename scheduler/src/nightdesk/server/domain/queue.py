"""Who comes next: fair between people, within everybody's limits and the machine's memory.

Order: urgent runs first; then by how many runs of the same person go on or stand before it, so that
somebody's first run never stands behind another's two hundredth; then by how long it has waited, which
counts from when its owner last got a slot: whose runs are short has none going on when the next one is
chosen, and would be first each time by age alone. Within one person's own runs their priority goes
before age. Nobody starves: a person's next run only moves forward.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.policy import Limit, Policies
from nightdesk.server.domain.run import Priority, Run
from nightdesk.server.domain.use import Held, Month

# Urgent runs stand before everybody's, the others before and behind the same person's.
RANKS = {Priority.LOW: 2, Priority.NORMAL: 1, Priority.HIGH: 0, Priority.URGENT: -1}


@dataclass(frozen=True, slots=True)
class Taker:
    """What a run takes of the limits, whether it goes on already or waits."""

    id: str
    owner: str
    groups: tuple[str, ...]
    memory_bytes: int
    cpus: float = field(default=1.0, kw_only=True)
    sweep: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Waiting(Taker):
    """A queued run, with what its place depends on."""

    rank: int
    created_at: float

    @classmethod
    def of(cls, run: Run) -> Waiting:
        """The run as one that waits."""
        rank = RANKS[run.priority]
        return cls(
            run.id,
            run.owner,
            run.groups,
            run.memory_bytes,
            rank,
            run.created_at,
            cpus=run.cpus,
            sweep=run.sweep_id,
        )

    @property
    def age(self) -> tuple[int, float, str]:
        """Its place among the same person's runs."""
        return (self.rank, self.created_at, self.id)


@dataclass(frozen=True, slots=True)
class Room:
    """What all workers together have."""

    slots: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What counts for people's limits besides runs that go on: by person, what their sessions have, and for how
    many seconds their runs have run in ``month``. ``sweeps``: how many of a sweep may go on at once, where it says so.
    """

    sessions: Mapping[str, Held] = field(default_factory=dict)
    run_seconds: Mapping[str, float] = field(default_factory=dict)
    month: Month | None = None
    sweeps: Mapping[str, int] = field(default_factory=dict)


NOTHING_ELSE = Elsewhere()


class Line:
    """The queue as it stands at one moment, and with those that came after it."""

    def __init__(
        self,
        waiting: Iterable[Waiting],
        going: Sequence[Taker],
        room: Room,
        served: Mapping[str, float] | None = None,
        elsewhere: Elsewhere = NOTHING_ELSE,
    ) -> None:
        """``served``: when somebody's run was last started, seconds since 1970; no entry for who never had one."""
        self.going, self.room, self.elsewhere = going, room, elsewhere
        self._served = served or {}
        self._turns = Counter(one.owner for one in going)  # each person's next one
        self._last: dict[str, tuple[int, float, str]] = {}
        self._places: dict[str, tuple[bool, int, float, str]] = {}
        self._waiting: dict[str, Waiting] = {}
        for one in sorted(waiting, key=lambda one: one.age):
            self._take(one)
        self._line = sorted(self._places.values())

    @property
    def waiting(self) -> list[Waiting]:
        """Those that wait, in order."""
        return [self._waiting[place[-1]] for place in self._line]

    def __contains__(self, run_id: str) -> bool:
        """Whether this run waits here."""
        return run_id in self._waiting

    def join(self, one: Waiting) -> bool:
        """Let somebody stand in line who came after this moment; False where others would have to move."""
        if one.id in self or (one.owner in self._last and one.age < self._last[one.owner]):
            return one.id in self
        self._take(one)
        insort(self._line, self._places[one.id])
        return True

    def ahead(self, run_id: str) -> int:
        """How many stand before it."""
        return bisect_left(self._line, self._places[run_id])

    def choose(self, limits: Policies) -> list[str]:
        """The ids to start now, in order."""
        return choose(self.waiting, self.going, self.room, limits, self.elsewhere)

    def reason(self, run_id: str, limits: Policies) -> str:
        """Why it waits, in words for its owner."""
        one = self._waiting[run_id]
        too_much = _Used(self.going, self.elsewhere).over(one, limits)
        return reason(one, self.ahead(run_id), self.going, self.room, too_much)

    def _take(self, one: Waiting) -> None:
        turn = self._turns[one.owner]
        self._turns[one.owner] = turn + 1
        self._last[one.owner] = one.age
        self._waiting[one.id] = one
        since = max(one.created_at, self._served.get(one.owner, one.created_at))
        self._places[one.id] = (one.rank >= 0, turn, since, one.id)


def choose(
    waiting: Sequence[Taker],
    going: Sequence[Taker],
    room: Room,
    limits: Policies,
    elsewhere: Elsewhere = NOTHING_ELSE,
) -> list[str]:
    """The ids to start now, in order.

    A run that is over its person's, group's or sweep's limit is passed over. One that finds too little memory
    is not: it would wait for ever behind smaller ones. One that no machine can hold runs alone.

    Args:
        waiting: in the queue's order.
        going: what goes on already or was offered a moment ago.
        room: what the workers have.
        limits: everybody's.
        elsewhere: what counts for them besides.
    """
    free = room.slots - len(going)
    memory = room.memory_bytes - sum(one.memory_bytes for one in going)
    used = _Used(going, elsewhere)
    chosen: list[str] = []
    for one in waiting:
        if free <= len(chosen):
            break
        if used.over(one, limits):
            continue
        if one.memory_bytes > memory and (going or chosen):
            break
        chosen.append(one.id)
        memory -= one.memory_bytes
        used.add(one)
    return chosen


def reason(one: Taker, ahead: int, going: Sequence[Taker], room: Room, too_much: str | None) -> str:
    """Why it waits, in words for its owner; ``too_much`` says which limit keeps it, if one does."""
    before = f"; {ahead} ahead" if ahead else ""
    if room.slots == 0:
        return f"no worker is there: it starts when one is back{before}"
    if too_much is not None:
        return f"{too_much}{before}"
    if len(going) < room.slots:
        free = room.memory_bytes - sum(other.memory_bytes for other in going)
        if one.memory_bytes > free and going:
            return (
                f"waiting for memory: it may use {human_bytes(one.memory_bytes)}, "
                f"{human_bytes(max(free, 0))} are free{before}"
            )
    return f"waiting for a slot: {ahead} ahead" if ahead else "next in line"


class _Used:
    """What each person and group has of their limits."""

    def __init__(self, going: Iterable[Taker], elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._people: dict[str, Held] = {}
        self._groups: Counter[str] = Counter()
        self._sweeps: Counter[str] = Counter()
        for one in going:
            self.add(one)

    def add(self, one: Taker) -> None:
        """One more goes on."""
        self._people[one.owner] = self._people.get(one.owner, Held()) + Held(1, one.cpus, one.memory_bytes)
        self._groups.update(one.groups)
        if one.sweep is not None:
            self._sweeps[one.sweep] += 1

    def over(self, one: Taker, limits: Policies) -> str | None:
        """Which limit keeps it from starting, in words; None: none does."""
        of_sweep = self._elsewhere.sweeps.get(one.sweep or "")
        if of_sweep is not None and self._sweeps[one.sweep or ""] >= of_sweep:
            return f"at most {of_sweep} of its sweep run at once"
        mine = limits.limits(one.owner, one.groups)
        runs = self._people.get(one.owner, Held())
        if Limit.RUNS in mine and runs.count >= mine[Limit.RUNS]:
            return f"your limit of {mine[Limit.RUNS]:g} is reached"
        for group in one.groups:
            limit = limits.together(group)
            if limit is not None and self._groups[group] >= limit:
                return f"the limit of {limit} of group {group} is reached"
        return self._too_much(one, mine, runs + self._elsewhere.sessions.get(one.owner, Held()))

    def _too_much(self, one: Taker, mine: Mapping[Limit, float], has: Held) -> str | None:
        cpus, memory = mine.get(Limit.CPUS), mine.get(Limit.MEMORY)
        if cpus is not None and has.cpus + one.cpus > cpus:
            cores = "1 core" if cpus == 1 else f"{cpus:g} cores"
            return f"your limit of {cores} is reached: {has.cpus:g} in use, it takes {one.cpus:g}"
        if memory is not None and has.memory_bytes + one.memory_bytes > memory:
            return (
                f"your limit of {human_bytes(int(memory))} of memory is reached: {human_bytes(has.memory_bytes)} "
                f"in use, it takes {human_bytes(one.memory_bytes)}"
            )
        hours, month = mine.get(Limit.RUN_HOURS), self._elsewhere.month
        if hours is not None and month and self._elsewhere.run_seconds.get(one.owner, 0.0) >= hours * 3600:
            return f"your {hours:g} hours of runs in {month.words} are used: it starts in {month.next.words}"
        return None
