"""Killing, stopping and emptying parts of the platform while notebooks run: none of them notices."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import Platform, docker
from ..support.runs import BEGIN, END, HOLD, Held
from ..support.waiting import until

pytestmark = pytest.mark.platform
ADOPTED_SECONDS = 60  # what the platform promises


@pytest.fixture(autouse=True)
def all_well_again(platform: Platform) -> Iterator[None]:
    """Whatever a test did, the next one finds all services running."""
    yield
    for name in ("redis", "proxy", "hub", "api", "worker"):
        docker("start", platform.service(name))
    for name in ("redis", "proxy", "hub", "api", "worker"):
        until(lambda name=name: platform.healthy(name), f"{name} well again", 60)  # type: ignore[misc]


def goes_on(held: Held, seconds: float = 30) -> None:
    """Wait until somebody reads what the run prints now."""
    before = held.ticks()
    until(lambda: held.ticks() > before + 1, f"run {held.id} going on", seconds)


def kill_inside(platform: Platform, service: str) -> None:
    """End a service's process as a crash would, so that the engine is the one to start it again."""
    script = (
        "import os, pathlib, signal\n"
        "found = [p for p in pathlib.Path('/proc').glob('[0-9]*') if p.name != str(os.getpid())\n"
        "         and b'-m\\0nightdesk.server' in (p / 'cmdline').read_bytes() and p.name != '1']\n"
        "[os.kill(int(p.name), signal.SIGKILL) for p in found]\n"
        "assert found"
    )
    docker("exec", platform.service(service), "python", "-c", script)


def test_a_worker_that_dies_twice_costs_a_run_nothing(platform: Platform, ada: Person) -> None:
    worker = platform.service("worker")
    with ada.runs.hold() as held:
        before = held.holding().identity()
        began = platform.inspect(worker)["State"]["StartedAt"]
        kill_inside(platform, "worker")
        until(lambda: platform.inspect(worker)["State"]["StartedAt"] != began, "the engine's new start of it")
        docker("kill", "--signal", "KILL", worker)
        waiting = ada.runs.submit(notebook("print('meanwhile')"))["id"]
        docker("start", worker)
        goes_on(held, ADOPTED_SECONDS)
        assert held.identity() == before
        held.succeed()
        assert ada.runs.end(waiting)["status"] == "succeeded"


def test_a_worker_that_is_restarted_hands_its_runs_over(platform: Platform, ada: Person) -> None:
    with ada.runs.hold() as held:
        before = held.holding().identity()
        docker("restart", platform.service("worker"))
        goes_on(held, ADOPTED_SECONDS)
        assert held.identity() == before
        held.succeed()


def test_watching_goes_on_when_the_api_is_restarted_and_killed(
    platform: Platform, ada: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("watched")
    (folder / "held.ipynb").write_bytes(notebook(BEGIN, HOLD, END))
    with ada.running_command("submit", "held.ipynb", "--size", "tiny", "--watch", cwd=folder) as watching:
        newest = until(
            lambda: [
                run for run in ada.runs.ask("GET", "/runs?limit=1")["runs"] if run["status"] == "running"
            ],
            "the run of the command",
        )
        with Held(ada.runs, newest[0]["id"]) as held:
            before = held.holding().identity()
            docker("restart", platform.service("api"))
            docker("kill", platform.service("api"))
            docker("start", platform.service("api"))
            until(lambda: platform.healthy("api"), "the api back")
            goes_on(held)
            assert watching.poll() is None
            assert held.identity() == before
            held.open_gate()
            out, err = watching.communicate(timeout=90)
            assert watching.returncode == 0, (out, err)
            assert "let go" in out + err
            held.succeed()


def test_sessions_and_runs_outlive_the_hub_and_the_proxy(platform: Platform, ada: Person) -> None:
    session = ada.session()
    container = platform.inspect(session.container)["Id"]
    with ada.runs.hold() as held:
        before = held.holding().identity()
        docker("kill", platform.service("hub"))
        assert held.runs.show(held.id)["status"] == "running"  # the platform's api answers without the hub
        docker("start", platform.service("hub"))
        docker("restart", platform.service("proxy"))
        until(lambda: platform.healthy("hub"), "the hub back", 60)
        until(ada.lab_answers, "the session in reach through the new proxy", 60)
        assert platform.inspect(session.container)["Id"] == container
        goes_on(held)
        assert held.identity() == before
        held.succeed()


def test_the_queue_may_be_emptied_stopped_and_come_back(platform: Platform, ada: Person) -> None:
    redis = platform.service("redis")
    with ada.runs.hold() as held:
        held.holding()
        docker("exec", redis, "sh", "-c", 'REDISCLI_AUTH="$NIGHTDESK_REDIS_PASSWORD" redis-cli FLUSHALL')
        goes_on(held)
        docker("stop", "--time", "2", redis)
        waiting = [ada.runs.submit(notebook(f"print('while redis was away', {n})"))["id"] for n in range(2)]
        goes_on(held)
        docker("start", redis)
        for run in waiting:
            assert ada.runs.end(run)["status"] == "succeeded"
        held.succeed()


def test_a_container_removed_by_hand_is_said_so(ada: Person) -> None:
    with ada.runs.hold() as held:
        held.holding()
        docker("rm", "--force", held.container()["Id"])
        run = ada.runs.end(held.id)
        assert run["status"] == "failed"
        assert "removed from outside" in run["reason"]


def test_stopping_ones_server_leaves_ones_runs_alone(ada: Person) -> None:
    session = ada.session()
    session.put("held.ipynb", notebook(BEGIN, HOLD, END))
    run = (
        session.do("sh", "-c", "nightdesk submit held.ipynb --size tiny --json")
        .split('"id": "')[1]
        .split('"')[0]
    )
    with Held(ada.runs, run) as held:
        before = held.holding().identity()
        ada.end_session()
        goes_on(held)
        assert held.identity() == before
        held.succeed()


def test_what_waits_while_the_worker_is_away_runs_once_it_is_back(platform: Platform, ada: Person) -> None:
    docker("stop", "--time", "5", platform.service("worker"))
    run = ada.runs.submit(notebook(BEGIN))["id"]
    time.sleep(0.5)
    assert ada.runs.show(run)["status"] == "queued"
    docker("start", platform.service("worker"))
    assert ada.runs.end(run)["status"] == "succeeded"
    assert ada.runs.output(run, "ledger.txt").decode() == f"{run} 1\n"
