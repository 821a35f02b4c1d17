"""The database that answers nobody for a while: what was to be written is written when it is back."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..support.platform import Platform
from ..support.waiting import until
from .breaking import database_locked
from .case import Case

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]
BUSY_SECONDS = 60  # a writer gives up after this, and is to try again
WRITERS = 20


@pytest.mark.fault(20)
def test_the_database_away_when_a_run_finishes(platform: Platform, case: Case) -> None:
    with case.held() as held:
        before = held.identity()
        with database_locked(platform, BUSY_SECONDS + 10):
            held.open_gate()
            until(lambda: case.ledger.ended(held.id), "the end of the code")
            assert case.person.runs.show(held.id)["status"] == "running"
        back = time.monotonic()
        case.end(held.id)
        case.recovered(back)
        assert (case.witness.starts(held.id)[1], before[0]) == (1, container_of(case, held.id))


@pytest.mark.fault(21)
def test_twenty_write_while_the_database_is_locked(platform: Platform, case: Case) -> None:
    with database_locked(platform, 30), ThreadPoolExecutor(WRITERS) as writers:
        # A submit that is answered with anything but "accepted" raises here.
        asked = [writers.submit(case.submit, key=f"writer-{time.time_ns()}-{n}") for n in range(WRITERS)]
        runs = [one.result(timeout=120) for one in asked]
    back = time.monotonic()
    assert len(set(runs)) == WRITERS
    case.end_all(runs, since=back, seconds=300)


def container_of(case: Case, run: str) -> str:
    """The one container that the engine ever saw of a run."""
    (container,) = {one.container for one in case.witness.happened(run)}
    return container
