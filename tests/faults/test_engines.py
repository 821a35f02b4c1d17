"""The engine itself restarted and killed: a second one, with a platform of its own, whose containers nobody else needs."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator

import pytest

from ..support.ledger import Ledger, listening
from ..support.people import Person, join
from ..support.platform import Platform, alone
from ..support.waiting import until
from ..support.witness import Witness, watching
from .breaking import heal
from .case import Case
from .second_engine import SecondEngine, images_for_a_platform, second_engine

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]
ENVIRONMENT = "python-data:2026.12.1"  # one is enough


@pytest.fixture(scope="module")
def engine() -> Iterator[SecondEngine]:
    """An engine that holds the platform's images; all that tests do with `docker` is meant for it."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("an engine of the tests' own needs root, and Docker's engine on this machine")
    with second_engine() as engine, pytest.MonkeyPatch.context() as environment:
        engine.start(live_restore=True)
        engine.load(images_for_a_platform(ENVIRONMENT))
        environment.setenv("DOCKER_HOST", engine.host)
        yield engine


@pytest.fixture(scope="module")
def platform(engine: SecondEngine) -> Iterator[Platform]:
    """A platform on it."""
    with alone(address=engine.address, NIGHTDESK_ENVIRONMENTS=ENVIRONMENT) as started:
        yield started


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Person:
    """A member of it."""
    return join(platform, "ada")


@pytest.fixture(scope="module")
def ledger(engine: SecondEngine) -> Iterator[Ledger]:
    """Where its runs write that they began."""
    with listening(engine.host_address) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def witness(platform: Platform) -> Iterator[Witness]:
    """What it saw of them."""
    with watching(platform.project) as witness:
        yield witness


@pytest.mark.fault(12)
def test_the_engine_restarted_with_live_restore(
    engine: SecondEngine, platform: Platform, case: Case, ada: Person
) -> None:
    """Its socket is another one afterwards, as with every engine that makes its socket itself."""
    session = ada.session(environment="python-data", size="tiny")
    container = platform.inspect(session.container)["Id"]
    with case.held() as held:
        before = held.identity()
        engine.stop()
        stopped = time.monotonic()
        engine.start(live_restore=True)
        until(lambda: platform.healthy("worker"), "the worker well", 60)
        case.goes_on(held, since=stopped)
        assert held.identity() == before
        held.open_gate()
        run = case.end(held.id)
        assert run["reason"] == "All 3 cells ran."
        log = case.person.runs.log(held.id)
        ticks = [line for line in log.splitlines() if line.startswith("tick")]
        assert ticks == [f"tick {number}" for number in range(1, len(ticks) + 1)]
        assert "let go" in log
        case.end_all(case.submit_many(2))
        until(ada.lab_answers, "the session in reach", 60)
        assert platform.inspect(session.container)["Id"] == container
        until(lambda: platform.healthy("hub"), "the hub well", 60)
        ada.end_session()  # which the hub asks of the engine


@pytest.mark.fault(13)
def test_the_engine_killed_without_live_restore(engine: SecondEngine, platform: Platform, case: Case) -> None:
    """Docker 26 then starts no service again by itself, whatever its restart policy: somebody has to."""
    engine.stop()
    engine.start(live_restore=False)
    heal(platform)
    with case.held() as held:
        waiting = case.submit_many(2)
        engine.stop(signal.SIGKILL)
        killed = time.monotonic()
        engine.start(live_restore=False)
        heal(platform)
        run = case.end(held.id, "failed")
        case.recovered(killed)
        assert "engine was restarted" in run["reason"]
        for each in waiting:  # they may have been under way as well
            case.end_somehow(each)
        case.end_all(case.submit_many(2))
