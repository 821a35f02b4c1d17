"""When something is due, across changes of the clocks, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.timetable import Timetable, local, timetable

from ....support.bad_input_table import saying

BERLIN, NOW = "Europe/Berlin", datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def got(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Say for the table what the case was answered with."""
    return saying(request.node)


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def walls(cron: str, start: str, count: int, zone: str = BERLIN) -> list[str]:
    """The next times as the clock on the wall shows them, without the year."""
    table = timetable(cron, None, zone, NOW)
    return [local(at, zone)[5:16] for at in islice(table.following(moment(start)), count)]


def on(cron: str, day: str, zone: str = BERLIN) -> list[str]:
    """All times of one day."""
    table = timetable(cron, None, zone, NOW)
    found = table.following(moment(f"{day}T00:00:00+00:00") - 86400)
    shown = (local(at, zone) for at in islice(found, 2000))
    return [text[11:16] for text in shown if text.startswith(day)]


@pytest.mark.case(24)
def test_a_time_that_is_left_out_is_due_once(got: Callable[[object], None]) -> None:
    assert walls("30 2 * * *", "2026-03-28T00:00:00+01:00", 3) == [
        "03-28T02:30",
        "03-29T03:00",
        "03-30T02:30",
    ]
    assert on("0 2,3 * * *", "2026-03-29") == ["03:00"], "not twice at the same moment"
    assert on("*/15 * * * *", "2026-03-29") == [
        f"{hour:02}:{minute:02}" for hour in range(24) if hour != 2 for minute in (0, 15, 30, 45)
    ]
    got("left out: once, at 03:00")


@pytest.mark.case(24)
def test_of_an_hour_that_comes_twice_each_interval_is_due_and_a_daily_time_once(
    got: Callable[[object], None],
) -> None:
    assert walls("30 2 * * *", "2026-10-24T12:00:00+02:00", 2) == ["10-25T02:30", "10-26T02:30"]
    every = Counter(on("*/15 * * * *", "2026-10-25"))
    assert {wall for wall, count in every.items() if count == 2} == {"02:00", "02:15", "02:30", "02:45"}
    assert sum(every.values()) == 100
    assert on("30 * * * *", "2026-10-25").count("02:30") == 2
    got("twice: daily once, each interval")


@pytest.mark.case(24)
def test_nothing_is_due_again_in_the_second_pass_of_an_hour() -> None:
    table = timetable("45 2 * * *", None, BERLIN, NOW)
    second_pass = moment("2026-10-25T02:30:00+01:00")
    assert local(table.after(second_pass) or 0, BERLIN) == "2026-10-26T02:45:00+01:00"


@pytest.mark.case(24)
def test_an_interval_is_real_time() -> None:
    table = timetable(None, 900, BERLIN, NOW)
    for day in ("2026-03-29", "2026-10-25"):
        start = moment(f"{day}T00:00:00+00:00")
        assert all(later - at == 900 for at, later in pairwise(islice(table.following(start), 100)))


@pytest.mark.case(23)
@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 0 31 2 *", "'0 0 31 2 *' is never due: no such month has such a day"),
        ("0 0 30 2 *", "never due"),
        ("0 0 31 4,6,9,11 *", "never due"),
        ("61 * * * *", "the minute cannot be read"),
        ("* 24 * * *", "the hour cannot be read"),
        ("* * 32 * *", "the day of month cannot be read"),
        ("* * * 13 *", "the month cannot be read"),
        ("* * * * 8", "the day of week cannot be read"),
        ("*/0 * * * *", "the minute cannot be read"),
        ("5-1 * * * *", "the minute cannot be read"),
        ("", "has 0 fields"),
        ("* * * *", "has 4 fields"),
        ("0 * * * * *", "has 6 fields"),
        ("@reboot", "has 1 fields"),
        ("é * * * *", "not plain text"),
        ("* * * * *" + " " * 5 + "*," * 200 + "*", "too long"),
        ("\u0661 * * * *", "not plain text"),
    ],
)
def test_a_bad_line_is_refused_in_words(cron: str, words: str, got: Callable[[object], None]) -> None:
    with pytest.raises(Invalid) as refused:
        timetable(cron, None, BERLIN, NOW)
    assert words in refused.value.message
    assert refused.value.hint
    got(refused.value.message)


@pytest.mark.case(23)
@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Berlin",
        "Europe/Nowhere",
        "../../etc/passwd",
        "/etc/localtime",
        "CET;ls",
        "Europe",
        "x" * 500,
        "\0",
    ],
)
def test_what_is_no_time_zone(zone: str) -> None:
    with pytest.raises(Invalid, match="no time zone"):
        timetable("@daily", None, zone, NOW)


@pytest.mark.parametrize("every", [0, 9, -60, 10.5, 1e300, float("nan"), float("inf"), 367 * 86400])
def test_what_is_no_interval(every: float) -> None:
    with pytest.raises(Invalid):
        timetable(None, every, "UTC", NOW)


def test_one_of_both() -> None:
    for cron, every in ((None, None), ("@daily", 60)):
        with pytest.raises(Invalid, match="either"):
            timetable(cron, every, "UTC", NOW)


def test_a_day_that_comes_each_four_years_is_a_day() -> None:
    assert walls("0 0 29 2 *", "2026-01-01T00:00:00+00:00", 1, "UTC") == ["02-29T00:00"]


ZONES = [
    "UTC",
    BERLIN,
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Asia/Kolkata",
]
LINES = [
    *("* * * * *", "*/7 * * * *", "30 * * * *", "0 */6 * * *", "*/10 2 * * *", "0 0 * * *", "30 2 * * *"),
    *(
        "15,45 1-3 * * *",
        "0 3 L * *",
        "0 0 * * MON#1",
        "5 0 1 * *",
        "59 23 * * 5L",
        "0 0 29 2 *",
        "30 0 * * SUN",
    ),
]


@settings(max_examples=150)
@given(
    st.sampled_from(LINES),
    st.sampled_from(ZONES),
    st.integers(0, 366 * 86400),
    st.integers(1, 40),
)
def test_ticks_only_go_on_and_are_the_same_from_wherever_one_looks(
    cron: str, zone: str, offset: int, count: int
) -> None:
    table, start = Timetable(zone, cron), NOW + offset
    found = list(islice(table.following(start), count))
    assert all(later > at for at, later in pairwise([start, *found]))
    for at, later in pairwise(found):
        assert table.after(at) == later
        assert table.after((at + later) // 2) == later
    assert table.latest(found[0], found[-1], count) == found
    assert table.latest(found[0], found[-1], 3) == found[-3:]


def test_the_last_of_very_many_are_found_quickly() -> None:
    table = Timetable(BERLIN, "* * * * *")
    end = NOW + timedelta(days=3650).total_seconds()
    assert table.latest(NOW, end, 100) == [int(end) - 60 * number for number in reversed(range(100))]
