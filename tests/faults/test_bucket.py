"""A bucket's server that goes away: when a run ends, and in the middle of an upload."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ..support.bucket_platform import a_bucket, begun, kept_in
from ..support.object_store import ObjectStore
from ..support.platform import Platform, alone
from ..support.waiting import until
from .case import Case
from .own_platform import (  # noqa: F401  # fixtures
    ada,
    came_whole,
    is_waiting_whole,
    leaves_much,
    ledger,
    nothing_is_seen,
    waits_for,
    witness,
)

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]
LARGE_MEGABYTES = 600
WAITING = "Waiting to keep the outputs: the output store"


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with a_bucket() as server:
        yield server


@pytest.fixture(scope="module")
def platform(server: ObjectStore) -> Iterator[Platform]:
    """A platform that keeps its outputs there."""
    with alone(**kept_in(server)) as started:
        yield started


@pytest.mark.fault(23)
def test_the_bucket_away_when_a_run_ends(server: ObjectStore, case: Case) -> None:
    with case.held() as held:
        server.stop()
        held.open_gate()
        until(lambda: waits_for(case, held.id, WAITING), "words on the store that is away", 120)
        is_waiting_whole(case, held.id)
        server.start()
        began = time.monotonic()
        case.end(held.id)
        case.recovered(began)
        assert case.person.runs.output(held.id, "ledger.txt").decode() == f"{held.id} 1\n"


@pytest.mark.fault(23)
def test_the_bucket_goes_away_in_the_middle_of_an_upload(server: ObjectStore, case: Case) -> None:
    run = case.submit(leaves_much(LARGE_MEGABYTES), size="small")
    key = f"{run}/1/outputs/large.bin"
    until(lambda: any(one.endswith(key) for one in begun(server)), "the upload in its middle", 120)
    server.stop()
    until(lambda: waits_for(case, run, WAITING), "words on the store that is away", 120)
    nothing_is_seen(case, run)
    server.start()
    began = time.monotonic()
    ended = case.end(run)
    case.recovered(began)
    came_whole(case, ended, LARGE_MEGABYTES)
