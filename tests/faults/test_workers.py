"""Workers that die, stand still, and come in numbers: each run is cared for by exactly one, and runs once."""

from __future__ import annotations

import random
import time

import pytest

from ..support.platform import Platform, docker
from ..support.waiting import until
from .breaking import held_still, kill_and_start, log_of, ring_again, signal_inside, started_at, workers
from .case import Case

pytestmark = pytest.mark.platform


@pytest.mark.fault(1)
def test_a_worker_killed_at_random_moments_of_short_runs(platform: Platform, case: Case) -> None:
    seed = random.randrange(10**6)  # noqa: S311  # no secret
    moments = random.Random(seed)  # noqa: S311
    print(f"seed {seed}")
    worker = platform.service("worker")
    runs: list[str] = []
    for _ in range(5):
        runs += case.submit_many(2, seconds=0.3)
        time.sleep(moments.uniform(0, 1.2))  # not to wait for anything: this is the moment
        kill_and_start(worker)
    case.end_all(runs, since=time.monotonic())


@pytest.mark.fault(2)
def test_every_worker_killed_twice_during_a_long_run(platform: Platform, case: Case) -> None:
    worker = platform.service("worker")
    with case.held() as held:
        before, began = held.identity(), started_at(platform, worker)
        killed = time.monotonic()
        signal_inside(worker, "SIGKILL")
        until(lambda: started_at(platform, worker) != began, "the engine's new start of it")
        docker("kill", "--signal", "KILL", worker)
        waiting = case.submit_many(1)
        docker("start", worker)
        case.goes_on(held, since=killed)
        case.unchanged(held, before)
        case.end_all(waiting)


@pytest.mark.fault(2)
def test_a_worker_that_is_restarted_hands_its_runs_over(platform: Platform, case: Case) -> None:
    with case.held() as held:
        before = held.identity()
        began = time.monotonic()
        docker("restart", platform.service("worker"))
        case.goes_on(held, since=began)
        case.unchanged(held, before)


@pytest.mark.fault(2)
def test_what_waits_while_no_worker_is_there_runs_once_one_is_back(platform: Platform, case: Case) -> None:
    docker("stop", "--time", "5", platform.service("worker"))
    runs = case.submit_many(2)
    assert {(case.show(run) or {})["status"] for run in runs} == {"queued"}
    docker("start", platform.service("worker"))
    case.end_all(runs, since=time.monotonic())


@pytest.mark.fault(3, 9)
def test_a_worker_held_still_past_its_time_is_refused_when_it_goes_on(platform: Platform, case: Case) -> None:
    """The database is a file on this machine, so nothing comes between a worker and it but the worker itself:
    one that is held still is one that is cut off from the database."""
    with case.held() as held, workers(platform, 2) as (first, second):
        before = held.identity()
        stopped = time.monotonic()
        with held_still(first):
            case.goes_on(held, since=stopped)
        until(lambda: "another worker has it now" in log_of(first), "the first worker's words on it")
        assert f"run {held.id}: another worker has it now" in log_of(first)
        assert "another worker has it now" not in log_of(second)
        case.goes_on(held)
        case.unchanged(held, before)


@pytest.mark.fault(10)
def test_each_message_delivered_ten_times(platform: Platform, case: Case) -> None:
    with case.held() as held:
        runs = case.submit_many(4, seconds=1)
        ring_again(platform, 10, [*runs, held.id])
        case.end_all(runs, since=time.monotonic())
        ring_again(platform, 10, [*runs, held.id])
        held.succeed()


@pytest.mark.slow
@pytest.mark.fault(25)
def test_three_workers_sweep_and_one_is_killed(platform: Platform, case: Case) -> None:
    with workers(platform, 3) as (first, _, third), case.held() as held:
        before = held.identity()
        runs = case.submit_many(24, seconds=0.5)
        time.sleep(2)  # in the middle of it
        killed = time.monotonic()
        docker("kill", "--signal", "KILL", first)
        docker("kill", "--signal", "KILL", third)
        case.goes_on(held, since=killed)
        case.end_all(runs)
        case.unchanged(held, before)
