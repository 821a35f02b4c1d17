"""An engine that does not answer when it is to make a container: it is asked again, under the same name."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.platform import Platform, docker
from ..support.waiting import until
from .case import Case
from .engine_proxy import EngineProxy, between

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]
TIDIED_SECONDS = 180


@pytest.fixture
def proxy(platform: Platform, case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProxy]:
    """The worker talks to the engine through it; the hub does not."""
    del case  # heals the platform, and judges, after the worker talks to the engine itself again
    own = tmp_path_factory.mktemp("engine") / "proxy.sock"
    up = ("up", "--detach", "--no-build", "--no-deps", "worker")
    with between(own, engine_socket()) as proxy:
        try:
            platform.compose(*up, NIGHTDESK_ENGINE_SOCKET=str(own))
            until(lambda: platform.healthy("worker"), "the worker behind the proxy", 60)
            yield proxy
        finally:
            platform.compose(*up)


def engine_socket() -> Path:
    """Where the engine of these tests listens."""
    host = os.environ.get("DOCKER_HOST", "")
    return Path(host.removeprefix("unix://") if host.startswith("unix://") else "/var/run/docker.sock")


def waiting_run(platform: Platform, case: Case) -> tuple[str, str]:
    """A run that no worker has seen yet, and the name that its container will have."""
    docker("stop", "--time", "5", platform.service("worker"))
    run = case.submit()
    return run, f"{platform.project}-run-{run}-1"


@pytest.mark.fault(19)
def test_a_request_to_make_a_container_that_hangs(platform: Platform, case: Case, proxy: EngineProxy) -> None:
    run, name = waiting_run(platform, case)
    hold = proxy.hold(name, asked=True)
    docker("start", platform.service("worker"))
    assert hold.holds.wait(60)
    hung = time.monotonic()
    case.end(run, seconds=180)
    case.recovered(hung)
    # The engine wakes up and does what it was asked for: by now there is nothing to run any more.
    hold.release()
    until(lambda: not containers(platform, run), "what came too late being tidied up", TIDIED_SECONDS)


@pytest.mark.fault(19)
def test_an_answer_about_a_container_that_never_comes(
    platform: Platform, case: Case, proxy: EngineProxy
) -> None:
    run, name = waiting_run(platform, case)
    hold = proxy.hold(name, asked=False)
    docker("start", platform.service("worker"))
    assert hold.holds.wait(60)
    hung = time.monotonic()
    case.end(run, seconds=180)
    case.recovered(hung)
    hold.release()
    until(lambda: not containers(platform, run), "the container's removal", TIDIED_SECONDS)


def containers(platform: Platform, run: str) -> list[str]:
    """The run's containers, whatever their state."""
    return platform.containers("run", f"label=org.nightdesk.run={run}", everything=True)
