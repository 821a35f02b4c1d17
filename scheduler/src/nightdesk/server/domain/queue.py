"""Who comes next: fair between people, within everybody's limits and the machine's memory.

Order: urgent runs first; then by how many runs of the same person go on or stand before it, so that
somebody's first run never stands behind another's two hundredth; then by age. Within one person's
own runs their priority goes before age. Nobody starves: a person's next run only moves forward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nightdesk.config import Limits
from nightdesk.server.domain.outcome import human_bytes


@dataclass(frozen=True, slots=True)
class Taker:
    """What a run takes of the limits, whether it goes on already or waits."""

    id: str
    owner: str
    groups: tuple[str, ...]
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Room:
    """What all workers together have."""

    slots: int
    memory_bytes: int


def choose(waiting: Sequence[Taker], going: Sequence[Taker], room: Room, limits: Limits) -> list[str]:
    """The ids to start now, in order.

    A run that is over its person's or group's limit is passed over. One that finds too little memory
    is not: it would wait for ever behind smaller ones. One that no machine can hold runs alone.

    Args:
        waiting: in the queue's order.
        going: what goes on already or was offered a moment ago.
        room: what the workers have.
        limits: the settings'.
    """
    free = room.slots - len(going)
    memory = room.memory_bytes - sum(one.memory_bytes for one in going)
    people, groups = _counts(going)
    chosen: list[str] = []
    for one in waiting:
        if free <= len(chosen):
            break
        if _over(one, people, groups, limits):
            continue
        if one.memory_bytes > memory and (going or chosen):
            break
        chosen.append(one.id)
        memory -= one.memory_bytes
        people[one.owner] += 1
        groups.update(one.groups)
    return chosen


def reason(one: Taker, ahead: int, going: Sequence[Taker], room: Room, limits: Limits) -> str:
    """Why it waits, in words for its owner."""
    people, groups = _counts(going)
    over = _over(one, people, groups, limits)
    before = f"; {ahead} ahead" if ahead else ""
    if room.slots == 0:
        return f"no worker is there: it starts when one is back{before}"
    if over is not None:
        return f"{over}{before}"
    if len(going) < room.slots:
        free = room.memory_bytes - sum(other.memory_bytes for other in going)
        if one.memory_bytes > free and going:
            return (
                f"waiting for memory: it may use {human_bytes(one.memory_bytes)}, "
                f"{human_bytes(max(free, 0))} are free{before}"
            )
    return f"waiting for a slot: {ahead} ahead" if ahead else "next in line"


def _counts(going: Iterable[Taker]) -> tuple[Counter[str], Counter[str]]:
    people: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    for one in going:
        people[one.owner] += 1
        groups.update(one.groups)
    return people, groups


def _over(one: Taker, people: Counter[str], groups: Counter[str], limits: Limits) -> str | None:
    own = limits.of_person(one.owner)
    if own is not None and people[one.owner] >= own:
        return f"your limit of {own} is reached"
    for group in one.groups:
        limit = limits.groups.get(group)
        if limit is not None and groups[group] >= limit:
            return f"the limit of {limit} of group {group} is reached"
    return None
