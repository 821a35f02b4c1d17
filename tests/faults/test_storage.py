"""A store that is full, or gets full in the middle of an upload: what a run left waits in its folder."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import pytest

from ..support.ledger import Ledger, listening
from ..support.people import Person, join
from ..support.platform import Platform, alone, docker
from ..support.runs import Refused
from ..support.waiting import until
from ..support.witness import Witness, watching
from .case import Case

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]
STORE_MEGABYTES = 64
LARGE_MEGABYTES = 40
WAITING = "Waiting to keep the outputs: storage full"
LARGE = f"""
block = bytes(range(256)) * 4096
with open(os.path.join(os.environ["NIGHTDESK_OUTPUT_DIR"], "large.bin"), "wb") as file:
    for _ in range({LARGE_MEGABYTES}):
        file.write(block)
"""


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


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Person:
    """A member of it."""
    return join(platform, "ada")


@pytest.fixture(scope="module")
def ledger(platform: Platform) -> Iterator[Ledger]:
    """Where its runs write that they began."""
    del platform
    with listening() as ledger:
        yield ledger


@pytest.fixture(scope="module")
def witness(platform: Platform) -> Iterator[Witness]:
    """What the engine saw of them."""
    with watching(platform.project) as witness:
        yield witness


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
        until(lambda: case.person.runs.show(held.id)["reason"] == WAITING, "words on the full store", 60)
        waiting = case.person.runs.show(held.id)
        assert (waiting["status"], waiting["outputs"], waiting["finished_at"]) == ("running", [], None)
        assert held.container()["Id"] == before[0]  # kept, with all that it left
        with pytest.raises(Refused, match="full") as refused:
            case.submit()
        assert refused.value.status in {503, 507}
        make_room(platform)
        held_on = time.monotonic()
        case.end(held.id)
        case.recovered(held_on)
        assert case.person.runs.output(held.id, "ledger.txt").decode() == f"{held.id} 1\n"


@pytest.mark.fault(23)
@pytest.mark.usefixtures("filler")
def test_the_store_breaks_off_in_the_middle_of_an_upload(platform: Platform, case: Case) -> None:
    run = case.submit(LARGE, case.ledger.hold())
    case.person.runs.reach(run, "running")
    until(lambda: "holding" in case.person.runs.log(run), "the run in the middle")
    fill(platform, leave_megabytes=LARGE_MEGABYTES // 2)
    case.ledger.open_gate(run)
    until(lambda: case.person.runs.show(run)["reason"] == WAITING, "words on the full store", 60)
    assert case.person.runs.show(run)["outputs"] == []
    assert case.person.runs.call("GET", f"/runs/{run}/outputs/large.bin").status_code in {404, 409}
    assert f"{run}/1/outputs/large.bin" not in in_worker(platform, "find /store -name '*.bin'")
    make_room(platform)
    began = time.monotonic()
    ended = case.end(run)
    case.recovered(began)
    content = bytes(range(256)) * 4096 * LARGE_MEGABYTES
    (kept,) = [output for output in ended["outputs"] if output["name"] == "large.bin"]
    assert (kept["size"], kept["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert case.person.runs.output(run, "large.bin") == content
    assert in_worker(platform, "find /store -name '*.part'") == ""
