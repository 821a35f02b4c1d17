"""Whatever waits and whatever goes on: limits hold, turns are taken, and everybody's run starts."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from nightdesk.sections import Limits
from nightdesk.server.domain.policy import Limit, Policies
from nightdesk.server.domain.queue import RANKS, Line, Room, Taker, Waiting

PEOPLE = ["ada", "bob", "cleo", "dan"]
GROUPS = ["lab", "night"]
LIMIT = st.none() | st.integers(1, 3)


@st.composite
def limits(draw: st.DrawFn) -> Policies:
    """Limits of the settings."""
    people = draw(st.dictionaries(st.sampled_from(PEOPLE), st.integers(1, 3), max_size=2))
    groups = draw(st.dictionaries(st.sampled_from(GROUPS), st.integers(1, 3), max_size=2))
    return Policies.of([], Limits(person=draw(LIMIT), people=people, groups=groups))


@st.composite
def runs(draw: st.DrawFn, most: int = 25) -> list[Waiting]:
    """Queued runs of several people, in any order. Everybody's groups are the same for all of theirs."""
    groups = {name: tuple(draw(st.sets(st.sampled_from(GROUPS)))) for name in PEOPLE}
    made = []
    for number in range(draw(st.integers(1, most))):
        owner = draw(st.sampled_from(PEOPLE))
        rank = draw(st.sampled_from([*RANKS.values(), 1, 1, 1]))
        memory = draw(st.sampled_from([1, 2, 5, 100]))
        made.append(
            Waiting(f"r{number:02}", owner, groups[owner], memory, rank, float(draw(st.integers(0, 9))))
        )
    return made


ROOMS = st.builds(Room, st.integers(1, 5), st.sampled_from([4, 8, 1000]))


def check(line: Line, allowed: Policies, chosen: list[str]) -> list[Waiting]:
    """What holds of every choice; the chosen runs."""
    waiting = line.waiting
    ids = [one.id for one in waiting]
    assert sorted(chosen, key=ids.index) == chosen, "in the queue's order, and only what waits"
    picked = [one for one in waiting if one.id in set(chosen)]
    assert len(picked) == len(chosen)
    all_of_them: list[Taker] = [*line.going, *picked]
    assert len(all_of_them) <= max(line.room.slots, len(line.going))
    if picked:
        memory = sum(one.memory_bytes for one in all_of_them)
        assert memory <= line.room.memory_bytes or len(all_of_them) == 1, "too large for the machine: alone"
    people = Counter(one.owner for one in all_of_them)
    groups = Counter(group for one in all_of_them for group in one.groups)
    for one in picked:
        most = allowed.limit(Limit.RUNS, one.owner, one.groups)
        assert most is None or people[one.owner] <= most
        assert all(groups[group] <= (allowed.together(group) or 10**9) for group in one.groups)
    return picked


@given(runs(), runs(8), ROOMS, limits())
def test_a_choice_keeps_to_slots_memory_and_everybodys_limits(
    waiting: list[Waiting], others: list[Waiting], room: Room, allowed: Policies
) -> None:
    going = [Taker(f"live-{one.id}", one.owner, one.groups, one.memory_bytes) for one in others][: room.slots]
    line = Line(waiting, going, room)
    chosen = line.choose(allowed)
    check(line, allowed, chosen)
    assert Line(reversed(waiting), going, room).choose(allowed) == chosen, "however they are listed"
    for one in waiting:
        assert line.reason(one.id, allowed)


@given(runs(), st.lists(st.sampled_from(PEOPLE), max_size=4))
def test_nobodys_first_run_stands_behind_anothers_later_one(waiting: list[Waiting], busy: list[str]) -> None:
    going = [Taker(f"live-{number}", owner, (), 1) for number, owner in enumerate(busy)]
    seen: Counter[str] = Counter(busy)
    turns = []
    for one in Line(waiting, going, Room(9, 1000)).waiting:
        if one.rank >= 0:  # an admin's urgent run stands before all
            turns.append(seen[one.owner])
        seen[one.owner] += 1
    assert turns == sorted(turns)


@given(runs(), ROOMS, limits(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_a_queue_comes_to_its_end(waiting: list[Waiting], room: Room, allowed: Policies, seed: int) -> None:
    """Whatever ends first, and however late half of them come."""
    chance = random.Random(seed)  # noqa: S311
    to_come = [one for one in waiting if chance.random() < 0.5]
    there = [one for one in waiting if one not in to_come]
    going: list[Taker] = []
    started: list[str] = []
    while there or to_come or going:
        line = Line(there, going, room)
        picked = check(line, allowed, line.choose(allowed))
        assert picked or going or not there, "what could start at once does not wait for nothing"
        started += [one.id for one in picked]
        there = [one for one in there if one not in picked]
        going += picked
        if to_come and chance.random() < 0.5:
            there.append(to_come.pop())
        elif going:
            going.pop(chance.randrange(len(going)))
    assert sorted(started) == sorted(one.id for one in waiting)


@given(st.integers(1, 4), st.integers(2, 5), st.integers(0, 2**32))
@settings(max_examples=80)
def test_whoever_has_nothing_going_on_is_passed_once_by_each_other_person_at_most(
    slots: int, people: int, seed: int
) -> None:
    """However many runs the others have queued before, hand over meanwhile, and however short these are."""
    chance = random.Random(seed)  # noqa: S311
    there = [
        Waiting(f"{owner}-{number:03}", f"p{owner}", (), 1, 1, float(owner))
        for owner in range(people)
        for number in range(chance.choice([0, 1, 50]))
    ]
    going: list[Taker] = []
    served: dict[str, float] = {}
    passed: Counter[str] = (
        Counter()
    )  # starts of others since somebody has something waiting and nothing going on
    for now in range(100, 200):
        if chance.random() < 0.3:
            owner = chance.randrange(people)
            there.append(Waiting(f"{owner}-at-{now}", f"p{owner}", (), 1, 1, float(now)))
        while going and (len(going) == slots or chance.random() < 0.5):
            going.pop(chance.randrange(len(going)))
        idle = {one.owner for one in there} - {one.owner for one in going}
        passed = Counter({owner: passed[owner] for owner in idle})
        line = Line(there, going, Room(slots, 1000), served)
        for one in check(line, Policies(), line.choose(Policies())):
            for owner in idle - {one.owner}:
                passed[owner] += 1
                assert passed[owner] <= people - 1, f"{owner} waits while {one.id} starts"
            idle.discard(one.owner)
            passed[one.owner] = 0
            served[one.owner] = now + 0.5
            there.remove(one)
            going.append(one)
