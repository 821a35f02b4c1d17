"""What a channel can go back to, whatever was done to it before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.channel import Action, Event, earlier


def events(*done: str, channel: str = "stable") -> list[Event]:
    """``+3`` is a promotion of version 3, ``-2`` a rollback to version 2."""
    actions = {"+": Action.PROMOTED, "-": Action.ROLLED_BACK}
    return [Event(0.0, "root", actions[each[0]], "python-data", each[1:], channel) for each in done]


def test_nothing_to_go_back_to() -> None:
    assert earlier([], "stable") == []
    assert earlier(events("+1"), "stable") == []


def test_the_nearest_is_last() -> None:
    assert earlier(events("+1", "+2", "+3"), "stable") == ["1", "2"]


def test_twice_back_is_two_steps_and_not_there_and_back_again() -> None:
    assert earlier(events("+1", "+2", "+3", "-2"), "stable") == ["1"]
    assert earlier(events("+1", "+2", "+3", "-2", "-1"), "stable") == []


def test_a_version_may_come_several_times() -> None:
    assert earlier(events("+1", "+2", "+1"), "stable") == ["1", "2"]
    assert earlier(events("+1", "+2", "+1", "-2"), "stable") == ["1"]


def test_a_rollback_that_passed_over_a_version_leaves_it_behind() -> None:
    assert earlier(events("+1", "+2", "+3", "-1"), "stable") == []
    assert earlier(events("+1", "+2", "+3", "-1", "+4"), "stable") == ["1"]


def test_what_was_promoted_once_more_is_one_step() -> None:
    assert earlier(events("+1", "+2", "+2"), "stable") == ["1"]


def test_other_channels_and_other_events_do_not_count() -> None:
    other = [
        *events("+1"),
        *events("+7", channel="next"),
        Event(0.0, "root", Action.DEPRECATED, "python-data", "1", "stable"),
        Event(0.0, "root", Action.REGISTERED, "python-data", "2"),
        *events("+2"),
    ]
    assert earlier(other, "stable") == ["1"]
    assert earlier(other, "next") == []


@given(st.lists(st.sampled_from(["+1", "+2", "+3", "-"]), max_size=12))
def test_going_back_until_it_ends_undoes_promotion_after_promotion(wishes: list[str]) -> None:
    """Beside a stack kept by hand: whoever rolls back gets what stood there before."""
    done: list[Event] = []
    stack: list[str] = []
    for wish in wishes:
        if wish == "-":
            back = earlier(done, "stable")
            assert back == stack[:-1]
            if back:
                stack.pop()
                done += events(f"-{back[-1]}")
        elif not stack or stack[-1] != wish[1:]:
            stack.append(wish[1:])
            done += events(wish)
    assert earlier(done, "stable") == stack[:-1]
