"""The line of queued runs: whose turn it is, and where somebody who comes later stands."""

from __future__ import annotations

from itertools import count

import pytest
from nightdesk.server.domain.policy import Policies
from nightdesk.server.domain.queue import Line, Room, Taker, Waiting

NO_LIMITS = Policies()
_moment = count(1)


def waiting(name: str, owner: str = "ada", rank: int = 1, at: float | None = None) -> Waiting:
    """A run that waits, younger than those made before it."""
    return Waiting(name, owner, (), 100, rank, float(next(_moment)) if at is None else at)


def going(owner: str) -> Taker:
    """A run that goes on."""
    return Taker(f"live-{next(_moment)}", owner, (), 100)


def line(*runs: Waiting, on: tuple[Taker, ...] = ()) -> Line:
    """What waits, with one slot that is taken."""
    return Line(runs, on, Room(1, 1000))


def ids(of: Line) -> list[str]:
    """In order."""
    return [one.id for one in of.waiting]


def test_turns_go_from_person_to_person() -> None:
    many = [waiting(f"ada-{number}") for number in range(3)]
    assert ids(line(*many, waiting("bob-0", "bob"), waiting("eve-0", "eve"))) == [
        "ada-0", "bob-0", "eve-0", "ada-1", "ada-2",
    ]  # fmt: skip


def test_what_somebody_has_going_on_counts_as_turns_taken() -> None:
    assert ids(line(waiting("ada-0"), waiting("bob-0", "bob"), on=(going("ada"),))) == ["bob-0", "ada-0"]


def test_urgent_runs_stand_before_everybody_s_and_high_ones_before_the_same_person_s() -> None:
    runs = [waiting("normal"), waiting("high", rank=0), waiting("bob", "bob"), waiting("urgent", "eve", -1)]
    assert ids(line(*runs)) == ["urgent", "high", "bob", "normal"]


@pytest.mark.parametrize("owner", ["ada", "bob", "eve"])
@pytest.mark.parametrize("rank", [-1, 0, 1, 2])
def test_who_joins_later_stands_where_a_new_look_has_it_or_asks_for_one(owner: str, rank: int) -> None:
    there = [waiting("a0"), waiting("a1"), waiting("b0", "bob"), waiting("b1", "bob", 2), waiting("a2")]
    late = waiting("late", owner, rank)
    anew = line(*there, late, on=(going("eve"),))
    joined = line(*there, on=(going("eve"),))
    if joined.join(late):
        assert ids(joined) == ids(anew)
        assert joined.join(late), "once is enough"
        assert ids(joined) == ids(anew)
        assert [joined.reason(one, NO_LIMITS) for one in ids(anew)] == [
            anew.reason(one, NO_LIMITS) for one in ids(anew)
        ]
    else:
        assert "late" not in joined
        assert ids(joined) == ids(line(*there, on=(going("eve"),)))


def test_one_behind_the_other_many_join_in_turn() -> None:
    everybody = [
        waiting(f"{owner}-{number}", owner) for number in range(20) for owner in ("ada", "bob", "eve")
    ]
    growing = line()
    assert all(growing.join(one) for one in everybody)
    assert ids(growing) == ids(line(*everybody))
    assert growing.reason("ada-0", NO_LIMITS) == "next in line"
    assert growing.reason("eve-19", NO_LIMITS) == "waiting for a slot: 59 ahead"
