"""Redis emptied, full, stopped, wiped and out of reach: it is a doorbell, and nothing is in it that matters."""

from __future__ import annotations

import time

import pytest

from ..support.platform import Platform, docker
from ..support.waiting import until
from .breaking import cut_off, cut_off_from, redis
from .case import PROMISED_SECONDS, Case

pytestmark = pytest.mark.platform
QUEUE = "nightdesk"  # as the worker and the api call it
CONNECT = "import socket; socket.create_connection(('redis', 6379), 2)"


@pytest.mark.slow
@pytest.mark.timeout(900, func_only=True)
@pytest.mark.fault(4)
def test_redis_killed_and_its_volume_wiped_with_a_hundred_runs_queued(platform: Platform, case: Case) -> None:
    docker("stop", "--time", "5", platform.service("worker"))
    runs = case.submit_many(100)
    container = platform.service("redis")
    docker("kill", "--signal", "KILL", container)
    docker("rm", "--force", container)
    docker("volume", "rm", f"{platform.project}_redis")
    wiped = time.monotonic()
    platform.compose("up", "--detach", "--no-build", "--no-deps", "redis")
    docker("start", platform.service("worker"))
    until(lambda: (case.show(runs[0]) or {})["status"] == "succeeded", "the first of them", PROMISED_SECONDS)
    case.recovered(wiped)
    case.end_all(runs, seconds=600)


@pytest.mark.fault(5)
def test_flushall_during_a_run(platform: Platform, case: Case) -> None:
    with case.held() as held:
        before = held.identity()
        runs = case.submit_many(2, seconds=0.5)
        flushed = time.monotonic()
        redis(platform, "FLUSHALL")
        case.goes_on(held, since=flushed)
        case.end_all(runs)
        case.unchanged(held, before)


@pytest.mark.slow
@pytest.mark.fault(6)
def test_with_redis_full_a_submit_is_accepted_and_the_run_goes_through(
    platform: Platform, case: Case
) -> None:
    allowed = redis(platform, "CONFIG", "GET", "maxmemory").splitlines()[-1]
    redis(platform, "CONFIG", "SET", "maxmemory", "1")
    try:
        assert "OOM" in redis(platform, "SET", "one", "more")
        began = time.monotonic()
        case.end_all(case.submit_many(2), since=began)
    finally:
        redis(platform, "CONFIG", "SET", "maxmemory", allowed)


@pytest.mark.fault(7)
def test_redis_stopped_for_a_while(platform: Platform, case: Case) -> None:
    with case.held() as held:
        before = held.identity()
        began = time.monotonic()
        docker("stop", "--time", "2", platform.service("redis"))
        case.end_all(case.submit_many(2), since=began)
        docker("start", platform.service("redis"))
        case.goes_on(held)
        case.unchanged(held, before)


@pytest.mark.slow
@pytest.mark.timeout(900, func_only=True)
@pytest.mark.fault(7)
def test_redis_stopped_for_long(platform: Platform, case: Case, long: bool) -> None:
    """Runs under way go on, and runs submitted meanwhile start and end, before Redis is back."""
    seconds = 300 if long else 60
    with case.held() as held:
        before = held.identity()
        began = time.monotonic()
        docker("stop", "--time", "2", platform.service("redis"))
        case.goes_on(held)
        case.end_all(case.submit_many(2), since=began)
        time.sleep(max(began + seconds - time.monotonic(), 0))  # the fault itself takes so long
        case.goes_on(held)
        docker("start", platform.service("redis"))
        case.end_all(case.submit_many(2))
        case.unchanged(held, before)


@pytest.mark.slow
@pytest.mark.fault(8)
def test_a_worker_cut_off_from_redis(platform: Platform, case: Case) -> None:
    """Out of reach of Redis, and then of all services: what starts needs the hub's word on its owner's groups."""
    worker = platform.service("worker")
    with case.held() as held:
        before = held.identity()
        with cut_off_from(platform, worker, platform.service("redis")):
            began = time.monotonic()
            with pytest.raises(AssertionError, match="TimeoutError"):
                docker("exec", worker, "python", "-c", CONNECT)
            case.goes_on(held)
            case.end_all(case.submit_many(2), since=began)
        case.end_all(case.submit_many(2))
        with cut_off(platform, worker):
            case.goes_on(held)
            waiting = case.submit_many(2)
            time.sleep(5)
            case.goes_on(held)
        case.end_all(waiting)
        case.unchanged(held, before)


@pytest.mark.fault(11)
def test_no_message_waits_for_an_acknowledgement_while_a_run_goes_on(platform: Platform, case: Case) -> None:
    """A message is acknowledged before the run is claimed. So there is nothing for a visibility timeout, however
    short against the run, to bring back: what it would look at stays empty for as long as the run takes."""
    with case.held() as held:
        case.goes_on(held)
        looks = (("LLEN", QUEUE), ("HLEN", "unacked"), ("ZCARD", "unacked_index"))
        assert [redis(platform, *look) for look in looks] == ["0", "0", "0"]
        held.succeed()
