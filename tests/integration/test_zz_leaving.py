"""People who go away, and the platform going away: runs go on. The last tests, because others run meanwhile."""

from __future__ import annotations

import pytest

from ..support.people import Person
from ..support.platform import IDLE_SECONDS, Platform
from ..support.waiting import until
from .conftest import Left

pytestmark = pytest.mark.platform


def test_a_session_that_nobody_uses_ends_and_the_run_goes_on(platform: Platform, left: Left) -> None:
    before = left.run.holding().identity()
    mine = f"label=org.nightdesk.user={left.person.name}"
    until(
        lambda: not platform.containers("session", mine),
        "the end of the unused session",
        2 * IDLE_SECONDS + 30,
    )
    assert left.run.identity() == before
    left.run.succeed()


def test_stopping_the_platform_leaves_runs_going_and_starting_it_takes_them_over(
    platform: Platform, ada: Person
) -> None:
    with ada.runs.hold() as held:
        before = held.holding().identity()
        platform.down()
        assert held.identity() == before
        assert held.container()["State"]["Running"]
        platform.up()
        ticks = held.ticks()
        until(lambda: held.ticks() > ticks + 1, "the run in somebody's care again", 60)
        assert held.identity() == before
        held.succeed()
