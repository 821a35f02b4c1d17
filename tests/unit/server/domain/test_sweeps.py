"""A sweep: its members, the best of them, who sees it; and how many of it the queue lets go on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.errors import Invalid, NotAllowed, NotFound
from nightdesk.server.domain.metric import Metric, Point
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Policies, Rights, Scope
from nightdesk.server.domain.queue import Elsewhere, Line, Room, Taker, Waiting
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.sweep import (
    Goal,
    Member,
    Sweep,
    best,
    check_at_most,
    check_may_stop,
    check_metric,
    check_sees,
    counted,
    members,
    over,
)

from .runs import a_run


def a_sweep(**values: Any) -> Sweep:
    defaults: dict[str, Any] = {
        "id": "swpswpswpswp",
        "owner": "ada",
        "name": "train.ipynb",
        "made_by": "ada",
        "created_at": 1.0,
        "file": "train.ipynb",
        "kind": "grid",
        "count": 2,
        "varied": ("lr",),
        "said": "lr (2): 2 runs",
        "environment": "python-data",
        "version": "2026.11.1",
        "groups": ("team",),
    }
    return Sweep(**{**defaults, **values})


def member(place: int, value: float | None = None, status: Status = Status.SUCCEEDED) -> Member:
    run = a_run(id=f"run{place}", status=status, sweep_place=place)
    return Member(place, run, 0, {} if value is None else {"accuracy": value})


def test_of_each_set_of_parameters_the_newest_run_counts() -> None:
    runs = [
        a_run(id="aaa", sweep_place=1, created_at=1.0, status=Status.FAILED),
        a_run(id="bbb", sweep_place=2, created_at=1.0, status=Status.SUCCEEDED),
        a_run(id="ccc", sweep_place=1, created_at=5.0, status=Status.RUNNING),
    ]
    found = members(
        runs, {"bbb": [Metric.of(Point(1, "accuracy", 0.5))], "aaa": [Metric.of(Point(1, "x", 9.0))]}
    )
    assert [(each.place, each.run.id, each.earlier, dict(each.metrics)) for each in found] == [
        (1, "ccc", 1, {}),
        (2, "bbb", 0, {"accuracy": 0.5}),
    ]
    assert counted(found) == {"running": 1, "succeeded": 1}
    assert not over(found)
    assert over(found[1:])


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), min_size=1, max_size=12)
)
def test_the_best_is_none_s_worse(values: list[float | None]) -> None:
    found = [member(place, value) for place, value in enumerate(values, 1)]
    numbers = [value for value in values if value is not None and abs(value) < float("inf")]
    for goal, pick in ((Goal.MAX, max), (Goal.MIN, min)):
        chosen = best(found, "accuracy", goal)
        assert (chosen is None) == (not numbers)
        if chosen is not None:
            assert chosen.metrics["accuracy"] == pick(numbers)


def test_the_best_has_succeeded_and_is_the_first_of_equals() -> None:
    found = [member(1, 0.9, Status.FAILED), member(2, 0.7), member(3, 0.7), member(4, 0.5)]
    chosen = best(found, "accuracy", Goal.MAX)
    assert chosen is not None
    assert chosen.place == 2
    assert best(found, None, Goal.MAX) is None
    assert best(found, "loss", Goal.MIN) is None


@pytest.mark.parametrize("wrong", [0, -1, 10_001])
def test_a_limit_that_lets_none_run_is_refused(wrong: int) -> None:
    assert (check_at_most(None), check_at_most(1)) == (None, 1)
    with pytest.raises(Invalid):
        check_at_most(wrong)


@pytest.mark.parametrize("wrong", ["", "a\nb", "x" * 201])
def test_what_no_metric_is_called_is_refused(wrong: str) -> None:
    assert check_metric("val/accuracy") == "val/accuracy"
    with pytest.raises(Invalid):
        check_metric(wrong)


def test_who_sees_a_sweep_and_who_may_stop_it() -> None:
    sweep = a_sweep()
    reader = Person("cleo", rights=Rights(reads=Scope(groups=frozenset({"team"}))))
    ender = Person(
        "dan",
        rights=Rights(reads=Scope(groups=frozenset({"team"})), cancels=Scope(groups=frozenset({"team"}))),
    )
    for person in (Person("ada"), Person("root", admin=True), ender):
        assert check_sees(person, sweep, sweep.id) is sweep
        check_may_stop(person, sweep)
    assert check_sees(reader, sweep, sweep.id) is sweep
    with pytest.raises(NotAllowed):
        check_may_stop(reader, sweep)
    for found in (sweep, None):
        with pytest.raises(NotFound):
            check_sees(Person("bob"), found, sweep.id)


def line(waiting: list[Waiting], going: list[Taker], slots: int, **sweeps: int) -> Line:
    return Line(waiting, going, Room(slots, 2**50), elsewhere=Elsewhere(sweeps=sweeps))


def waits(run: str, owner: str = "ada", sweep: str | None = None) -> Waiting:
    return Waiting(run, owner, (), 1, 1, 1.0, sweep=sweep)


def test_of_a_sweep_no_more_go_on_than_it_says() -> None:
    waiting = [waits(f"s{number}", sweep="x") for number in range(6)]
    limits = Policies()
    assert line(waiting, [], 4, x=2).choose(limits) == ["s0", "s1"]
    going = [Taker("g", "ada", (), 1, sweep="x")]
    stands = line(waiting, going, 4, x=2)
    assert stands.choose(limits) == ["s0"]
    full = line(waiting, [*going, Taker("h", "ada", (), 1, sweep="x")], 4, x=2)
    assert full.choose(limits) == []
    assert full.reason("s0", limits).startswith("at most 2 of its sweep run at once")
    assert line(waiting, [], 4).choose(limits) == ["s0", "s1", "s2", "s3"]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y", None])), max_size=30),
    st.integers(0, 8),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_the_limit_holds_and_nothing_else_waits_for_it(
    runs: list[tuple[str, str | None]], slots: int, most_x: int, most_y: int
) -> None:
    waiting = [waits(f"r{number:02}", owner, sweep) for number, (owner, sweep) in enumerate(runs)]
    chosen = line(waiting, [], slots, x=most_x, y=most_y).choose(Policies())
    by_id = {one.id: one for one in waiting}
    of = [by_id[run].sweep for run in chosen]
    assert of.count("x") <= most_x
    assert of.count("y") <= most_y
    free = len([one for one in waiting if one.sweep is None])
    x, y = (len([one for one in waiting if one.sweep == name]) for name in "xy")
    assert len(chosen) == min(slots, free + min(x, most_x) + min(y, most_y))


def test_a_run_says_where_it_belongs() -> None:
    run: Run = a_run(sweep_id="x", sweep_place=3)
    assert Waiting.of(run).sweep == "x"
