"""What policies come to for one person."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.sections import Limits
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.person import Person, may_cancel, may_see
from nightdesk.server.domain.policy import Kind, Limit, Policies, Policy, Reach, check_policy

from .runs import a_run

SIZES = ("small", "medium", "large")
GROUPS = ("lab", "night", "staff")
REACHES = st.sampled_from(list(Reach))
VALUES = st.none() | st.integers(0, 5)


def group(name: str, **said: Any) -> Policy:
    return Policy(Kind.GROUP, name, **said)


def sees(policies: Policies, name: str, now: tuple[str, ...], **run: Any) -> bool:
    person = Person(name, groups=now, rights=policies.rights(name, now))
    return may_see(person, a_run(**run))


@st.composite
def kept(draw: st.DrawFn) -> list[Policy]:
    """Policies as admins keep them."""

    def policy(kind: Kind, name: str = "") -> Policy:
        sizes = draw(st.none() | st.sets(st.sampled_from(SIZES), min_size=1).map(tuple))
        limits = draw(st.dictionaries(st.sampled_from(list(Limit)), VALUES))
        return Policy(kind, name, draw(REACHES), draw(REACHES), sizes, limits)

    groups = [policy(Kind.GROUP, name) for name in draw(st.sets(st.sampled_from(GROUPS)))]
    people = [policy(Kind.PERSON, name) for name in draw(st.sets(st.sampled_from(["ada", "bob"])))]
    return [policy(Kind.EVERYBODY), *groups, *people]


MEMBERSHIP = st.sets(st.sampled_from(GROUPS)).map(lambda found: tuple(sorted(found)))


def test_nothing_said_is_one_s_own_runs_all_sizes_and_no_limit() -> None:
    rights = Policies().rights("ada", ("lab",))
    assert (rights.reads.others, rights.cancels.others, rights.sizes, rights.limits) == (
        False,
        False,
        None,
        {},
    )


def test_a_group_shows_its_own_runs_to_its_members() -> None:
    policies = Policies.of([group("lab", read=Reach.GROUP)])
    assert sees(policies, "bob", ("lab",), owner="ada", groups=("lab", "staff"))
    assert not sees(policies, "bob", ("lab",), owner="ada", groups=("staff",)), "another group's run"
    assert not sees(policies, "bob", ("lab", "staff"), owner="ada", groups=("staff",)), (
        "that group shows nothing"
    )
    assert not sees(policies, "bob", (), owner="ada", groups=("lab",)), "who has left it"
    assert not sees(policies, "bob", ("lab",), owner="ada", groups=()), "a run from before ada joined"


def test_reading_does_not_mean_cancelling() -> None:
    policies = Policies.of(
        [group("lab", read=Reach.GROUP), group("night", read=Reach.GROUP, cancel=Reach.GROUP)]
    )
    groups = ("lab", "night")
    bob = Person("bob", groups=groups, rights=policies.rights("bob", groups))
    assert may_see(bob, a_run(owner="ada", groups=("lab",)))
    assert not may_cancel(bob, a_run(owner="ada", groups=("lab",)))
    assert may_cancel(bob, a_run(owner="ada", groups=("night",)))
    assert may_cancel(bob, a_run(owner="bob", groups=()))
    assert may_cancel(Person("root", admin=True), a_run(owner="ada"))


def test_everybody_s_group_means_each_of_theirs() -> None:
    policies = Policies.of([Policy(Kind.EVERYBODY, read=Reach.GROUP)])
    assert sees(policies, "bob", ("lab",), owner="ada", groups=("lab",))
    assert not sees(policies, "bob", ("lab",), owner="ada", groups=("staff",))


def test_the_most_particular_counts_and_of_groups_the_most_generous() -> None:
    policies = Policies.of(
        [
            Policy(Kind.EVERYBODY, sizes=("small",), limits={Limit.RUNS: 1, Limit.HOME: 10}),
            group("lab", sizes=("medium",), limits={Limit.RUNS: 3}),
            group("night", sizes=("large",), limits={Limit.RUNS: 2}),
            Policy(Kind.PERSON, "ada", limits={Limit.RUNS: 0}),
        ]
    )
    assert policies.rights("eve", ()).limits == {Limit.RUNS: 1, Limit.HOME: 10}
    bob = policies.rights("bob", ("lab", "night"))
    assert (bob.limits, bob.sizes) == ({Limit.RUNS: 3, Limit.HOME: 10}, frozenset({"medium", "large"}))
    assert policies.limit(Limit.RUNS, "ada", ("lab",)) == 0


def test_unlimited_on_purpose() -> None:
    policies = Policies.of(
        [Policy(Kind.EVERYBODY, limits={Limit.RUNS: 1}), group("lab", limits={Limit.RUNS: None})]
    )
    assert policies.limit(Limit.RUNS, "ada", ("lab",)) is None
    assert policies.limit(Limit.RUNS, "ada", ()) == 1


def test_the_settings_stand_below_what_is_on_record() -> None:
    settings = Limits(person=2, people={"ada": 5, "bob": 6}, groups={"lab": 3, "night": 4})
    policies = Policies.of(
        [Policy(Kind.PERSON, "bob", limits={Limit.RUNS: 1}), group("night", together=9)], settings
    )
    assert [policies.limit(Limit.RUNS, name, ()) for name in ("ada", "bob", "eve")] == [5, 1, 2]
    assert [policies.together(name) for name in GROUPS] == [3, 9, None]


@given(kept(), MEMBERSHIP, st.sampled_from(["ada", "bob", "eve"]))
def test_one_more_group_never_takes_a_run_from_sight(policies: list[Policy], groups: Any, name: str) -> None:
    all_of_them = Policies.of(policies)
    fewer, more = all_of_them.rights(name, groups), all_of_them.rights(name, GROUPS)
    for of_run in GROUPS:
        assert more.reads.holds((of_run,)) >= fewer.reads.holds((of_run,))
        assert more.cancels.holds((of_run,)) >= fewer.cancels.holds((of_run,))


@given(kept(), MEMBERSHIP)
def test_a_limit_is_one_that_somebody_has_said(policies: list[Policy], groups: Any) -> None:
    for limit in Limit:
        value = Policies.of(policies).limit(limit, "ada", groups)
        said = {
            math.inf if one.limits[limit] is None else one.limits[limit]
            for one in policies
            if limit in one.limits and (one.kind is Kind.EVERYBODY or one.name in {"ada", *groups})
        }
        assert (math.inf if value is None else value) in (said or {math.inf})


@given(kept(), MEMBERSHIP)
def test_an_admin_sees_all_and_has_every_size(policies: list[Policy], groups: Any) -> None:
    rights = Policies.of(policies).rights("ada", groups, admin=True)
    assert rights.reads.all
    assert rights.cancels.all
    assert rights.sizes is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"cancel": Reach.GROUP}, "must see them"),
        ({"read": Reach.GROUP, "cancel": Reach.ALL}, "must see them"),
        ({"sizes": ("huge",)}, "no size 'huge'"),
        ({"sizes": ()}, "at least one"),
        ({"limits": {Limit.RUNS: 1.5}}, "whole number"),
        ({"limits": {Limit.HOME: -1}}, "from 0 on"),
        ({"limits": {Limit.RUN_HOURS: math.nan}}, "from 0 on"),
        ({"together": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_said(said: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_policy(group("lab", **said), SIZES)


def test_only_a_group_has_a_limit_together() -> None:
    policy = Policy(Kind.EVERYBODY, together=2)
    with pytest.raises(Invalid, match="only a group"):
        check_policy(policy, SIZES)
    assert check_policy(replace(policy, kind=Kind.GROUP, name="lab"), SIZES)
