"""A store that is full, or gets full in the middle of an upload: what a run left waits in its folder."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

import pytest
from nightdesk.server.services.inputs import SMALL_BYTES

from ..support.platform import Platform, alone, docker
from ..support.runs import Refused
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
STORE_MEGABYTES = 64
LARGE_MEGABYTES = 40
WAITING = "Waiting to keep the outputs: storage full"


def small_store(project: str) -> None:
    """The volume of the outputs in memory, and small: made before Compose would make it."""
    labels = (f"com.docker.compose.project={project}", "com.docker.compose.volume=store")
    options = ("type=tmpfs", "device=tmpfs", f"o=size={STORE_MEGABYTES}m,uid=1000,gid=1000,mode=2775")
    flags = [part for one in labels for part in ("--label", one)]
    flags += [part for one in options for part in ("--opt", one)]
    docker("volume", "create", *flags, f"{project}_store")


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform whose store is small."""
    with alone(first=small_store) as started:
        yield started


def in_worker(platform: Platform, script: str) -> str:
    """A shell command where the store is mounted."""
    return docker("exec", platform.service("worker"), "sh", "-c", script)


@pytest.fixture
def filler(platform: Platform, case: Case) -> Iterator[None]:
    """Whatever a test filled the store with goes, before its runs are judged."""
    del case
    yield
    make_room(platform)


def fill(platform: Platform, leave_megabytes: int = 0) -> None:
    """Leave so much room and no more."""
    free = int(in_worker(platform, "df --block-size=1K --output=avail /store | tail -1"))
    count = free - leave_megabytes * 1024
    in_worker(platform, f"head -c {count}K /dev/zero >/store/filler || true")


def make_room(platform: Platform) -> None:
    """Take out what :func:`fill` put in."""
    in_worker(platform, "rm -f /store/filler")


@pytest.mark.fault(22)
@pytest.mark.usefixtures("filler")
def test_the_store_full_when_a_run_ends(platform: Platform, case: Case) -> None:
    with case.held() as held:
        before = held.identity()
        fill(platform)
        held.open_gate()
        until(lambda: waits_for(case, held.id, WAITING), "words on the full store", 60)
        is_waiting_whole(case, held.id)
        assert held.container()["Id"] == before[0]  # kept, with all that it left
        with pytest.raises(Refused, match="full") as refused:
            case.submit(f"large = {secrets.token_hex(SMALL_BYTES)!r}")
        assert refused.value.status in {503, 507}
        small = case.submit()  # is kept in the database
        make_room(platform)
        held_on = time.monotonic()
        case.end(held.id)
        case.recovered(held_on)
        case.end(small)
        assert case.person.runs.output(held.id, "ledger.txt").decode() == f"{held.id} 1\n"


@pytest.mark.fault(23)
@pytest.mark.usefixtures("filler")
def test_the_store_breaks_off_in_the_middle_of_an_upload(platform: Platform, case: Case) -> None:
    run = case.submit(leaves_much(LARGE_MEGABYTES), case.ledger.hold())
    case.person.runs.reach(run, "running")
    until(lambda: "holding" in case.person.runs.log(run), "the run in the middle")
    fill(platform, leave_megabytes=LARGE_MEGABYTES // 2)
    case.ledger.open_gate(run)
    until(lambda: waits_for(case, run, WAITING), "words on the full store", 60)
    nothing_is_seen(case, run)
    assert f"{run}/1/outputs/large.bin" not in in_worker(platform, "find /store -name '*.bin'")
    make_room(platform)
    began = time.monotonic()
    ended = case.end(run)
    case.recovered(began)
    came_whole(case, ended, LARGE_MEGABYTES)
    assert in_worker(platform, "find /store -name '*.part'") == ""
