"""Which outputs go: by age, by how many and by how much, and what stays whatever is said."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.retention import YOUNG_SECONDS, Rules, Stored, going

DAY = 86400.0
NOW = 1000 * DAY


def stored(*days: float, owner: str = "ada", **said: Any) -> list[Stored]:
    """Runs that ended so many days ago, with a thousand bytes each; called after that."""
    return [
        Stored(
            f"{owner}{day:g}",
            owner,
            "report",
            NOW - day * DAY,
            said.get("bytes", 1000),
            said.get("kept", False),
        )
        for day in days
    ]


def gone(runs: list[Stored], rules: Rules, *protected: str) -> list[str]:
    return [one.stored.run_id for one in going(runs, lambda _: rules, set(protected), NOW)]


def test_nothing_said_nothing_goes() -> None:
    assert gone(stored(1, 1000), Rules()) == []


def test_by_age() -> None:
    runs = stored(29, 31, 400)
    assert gone(runs, Rules(age_seconds=30 * DAY)) == ["ada400", "ada31"]
    assert {one.why for one in going(runs, lambda _: Rules(age_seconds=30 * DAY), (), NOW)} == {
        "older than 30 days"
    }
    assert going(runs, lambda _: Rules(age_seconds=DAY), (), NOW)[0].why == "older than 1 day"


def test_by_count_and_each_person_has_their_own() -> None:
    runs = stored(1, 2, 3, 4) + stored(5, 6, owner="bob")
    assert gone(runs, Rules(count=2)) == ["ada4", "ada3"]
    assert going(runs, lambda _: Rules(count=3), (), NOW)[0].why == "ada has outputs of more than 3 runs"


def test_each_person_has_rules_of_their_own() -> None:
    runs = stored(1, 2, 3) + stored(1, 2, owner="bob") + stored(400, owner="eve")
    rules = {"ada": Rules(count=1), "bob": Rules(age_seconds=1.5 * DAY)}
    found = going(runs, lambda owner: rules.get(owner, Rules()), (), NOW)
    assert [(one.stored.owner, one.stored.run_id) for one in found] == [
        ("ada", "ada3"),
        ("ada", "ada2"),
        ("bob", "bob2"),
    ]


def test_rules_are_limits_and_back() -> None:
    rules = Rules(180 * DAY, 500, 2**40)
    assert Rules.of(rules.limits()) == rules
    assert rules.limits() == {"output_days": 180.0, "output_runs": 500, "output_bytes": 2**40}
    assert Rules.of({}) == Rules()
    assert Rules().limits() == {}


def test_by_size_the_oldest_first() -> None:
    runs = stored(1, 2, 3, 4)
    assert gone(runs, Rules(bytes=2500)) == ["ada4", "ada3"]
    assert going(runs, lambda _: Rules(bytes=3999), (), NOW)[0].why == "ada has more than 3.9 KB of outputs"


def test_what_stays_counts_but_does_not_go() -> None:
    runs = stored(1, 2, 3) + stored(5, kept=True) + stored(6)
    assert gone(runs, Rules(age_seconds=DAY / 2), "ada6") == ["ada3", "ada2", "ada1"]
    assert gone(runs, Rules(count=3), "ada6") == ["ada3", "ada2"]


def test_what_has_just_come_stays() -> None:
    runs = stored(YOUNG_SECONDS / DAY / 2, 1)
    assert gone(runs, Rules(count=1, age_seconds=1, bytes=1)) == ["ada1"]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 50), st.integers(0, 10_000), st.booleans()),
        max_size=30,
    ),
    st.integers(1, 10),
    st.integers(1, 50_000),
)
def test_what_remains_is_within_the_rules_or_may_not_go(
    runs: list[tuple[str, int, int, bool]], count: int, size: int
) -> None:
    have = [
        Stored(f"r{number}", owner, "n", NOW - days * DAY, some, kept)
        for number, (owner, days, some, kept) in enumerate(runs)
    ]
    left_out = {one.stored.run_id for one in going(have, lambda _: Rules(count=count, bytes=size), (), NOW)}
    for owner in "ab":
        rest = [one for one in have if one.owner == owner and one.run_id not in left_out]
        within = len(rest) <= count and sum(one.bytes for one in rest) <= size
        assert within or all(one.kept for one in rest)
        assert not any(one.kept for one in have if one.run_id in left_out)
