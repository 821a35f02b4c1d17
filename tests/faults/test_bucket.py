"""A bucket's server that goes away: when a run ends, and in the middle of an upload."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import pytest

from ..support.bucket_platform import a_bucket, begun, kept_in
from ..support.ledger import Ledger, listening
from ..support.object_store import ObjectStore
from ..support.people import Person, join
from ..support.platform import Platform, alone
from ..support.waiting import until
from ..support.witness import Witness, watching
from .case import Case

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]
LARGE_MEGABYTES = 600
WAITING = "Waiting to keep the outputs: the output store"
LARGE = f"""
block = bytes(range(256)) * 4096
with open(os.path.join(os.environ["NIGHTDESK_OUTPUT_DIR"], "large.bin"), "wb") as file:
    for _ in range({LARGE_MEGABYTES}):
        file.write(block)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with a_bucket() as server:
        yield server


@pytest.fixture(scope="module")
def platform(server: ObjectStore) -> Iterator[Platform]:
    """A platform that keeps its outputs there."""
    with alone(**kept_in(server)) as started:
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


def waits(case: Case, run: str) -> bool:
    """Whether it says that it waits for the store."""
    return str(case.person.runs.show(run)["reason"]).startswith(WAITING)


@pytest.mark.fault(23)
def test_the_bucket_away_when_a_run_ends(server: ObjectStore, case: Case) -> None:
    with case.held() as held:
        server.stop()
        held.open_gate()
        until(lambda: waits(case, held.id), "words on the store that is away", 120)
        waiting = case.person.runs.show(held.id)
        assert (waiting["status"], waiting["outputs"], waiting["finished_at"]) == ("running", [], None)
        server.start()
        began = time.monotonic()
        case.end(held.id)
        case.recovered(began)
        assert case.person.runs.output(held.id, "ledger.txt").decode() == f"{held.id} 1\n"


@pytest.mark.fault(23)
def test_the_bucket_goes_away_in_the_middle_of_an_upload(server: ObjectStore, case: Case) -> None:
    run = case.submit(LARGE, size="small")
    key = f"{run}/1/outputs/large.bin"
    until(lambda: any(one.endswith(key) for one in begun(server)), "the upload in its middle", 120)
    server.stop()
    until(lambda: waits(case, run), "words on the store that is away", 120)
    assert case.person.runs.show(run)["outputs"] == []
    assert case.person.runs.call("GET", f"/runs/{run}/outputs/large.bin").status_code in {404, 409}
    server.start()
    began = time.monotonic()
    ended = case.end(run)
    case.recovered(began)
    content = bytes(range(256)) * 4096 * LARGE_MEGABYTES
    (kept,) = [output for output in ended["outputs"] if output["name"] == "large.bin"]
    assert (kept["size"], kept["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert hashlib.sha256(case.person.runs.output(run, "large.bin")).hexdigest() == kept["sha256"]
