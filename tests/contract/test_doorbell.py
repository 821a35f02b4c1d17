"""What every Doorbell does; one that is out of reach does no harm and takes no long time."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable, Iterator

import docker
import pytest
from nightdesk.server.adapters.redis_bell import CHANNEL, QUEUE, TASK, RedisBell, celery_app
from nightdesk.server.doubles.doorbell import MemoryBell
from nightdesk.server.ports.doorbell import Doorbell
from redis import Redis


def broken_memory() -> Doorbell:
    """A double that is broken."""
    bell = MemoryBell()
    bell.broken = True
    return bell


def redis_where_nobody_listens() -> Doorbell:
    """An address that refuses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"redis://:password@127.0.0.1:{port}/0"
    return RedisBell(celery_app(url), url)


@pytest.fixture
def silent() -> Iterator[Doorbell]:
    """A server that accepts and never answers, as one that was stopped."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        url = f"redis://:password@127.0.0.1:{server.getsockname()[1]}/0"
        app = celery_app(url)
        app.conf.broker_transport_options["socket_timeout"] = (
            0.5  # it is five seconds; that it is kept is the point
        )
        yield RedisBell(app, url)


@pytest.mark.parametrize("make", [broken_memory, redis_where_nobody_listens])
def test_out_of_reach(make: Callable[[], Doorbell]) -> None:
    bell = make()
    began = time.monotonic()
    assert bell.ring(["a", "b"]) is False
    assert bell.answers() is False
    bell.changed("a")
    assert time.monotonic() - began < 5


def test_a_server_that_never_answers(silent: Doorbell) -> None:
    began = time.monotonic()
    assert silent.answers() is False
    silent.changed("a")
    assert silent.ring(["a"]) is False
    assert time.monotonic() - began < 20


def test_in_reach() -> None:
    bell = MemoryBell()
    assert bell.answers() is True
    assert bell.ring(["a", "b"]) is True
    bell.changed("a")
    assert (bell.rings, bell.changes) == (["a", "b"], ["a"])


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The platform's own Redis image, for this test."""
    client = docker.APIClient(version="1.45")
    made = client.create_container(
        "nightdesk/redis:latest",
        environment={"NIGHTDESK_REDIS_PASSWORD": "a-password-for-this-test"},
        ports=[6379],
        host_config=client.create_host_config(port_bindings={6379: ("127.0.0.1",)}),
    )["Id"]
    try:
        client.start(made)
        port = client.port(made, 6379)[0]["HostPort"]
        yield f"redis://:a-password-for-this-test@127.0.0.1:{port}/0"
    finally:
        client.remove_container(made, force=True, v=True)
        client.close()


@pytest.mark.engine
def test_ids_go_out_and_nothing_else(redis_url: str) -> None:
    bell = RedisBell(celery_app(redis_url), redis_url)
    deadline = time.monotonic() + 20
    while not bell.answers():
        assert time.monotonic() < deadline, "Redis does not answer"
        time.sleep(0.05)
    with Redis.from_url(redis_url) as redis, redis.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(CHANNEL)
        assert channel.get_message(timeout=5) is None, "the subscription itself"
        bell.changed("k7m2x9qh4tfd")
        message = channel.get_message(timeout=5)
        assert message is not None
        assert message["data"] == b"k7m2x9qh4tfd"
        assert bell.ring(["k7m2x9qh4tfd", "second"]) is True
        waiting = [json.loads(entry) for entry in redis.lrange(QUEUE, 0, -1)]
        bodies = [json.loads(base64.b64decode(entry["body"])) for entry in waiting]
        assert sorted(body[0] for body in bodies) == [["k7m2x9qh4tfd"], ["second"]]
        assert all(body[1] == {} for body in bodies)
        assert {entry["headers"]["task"] for entry in waiting} == {TASK}
        assert {entry["content-type"] for entry in waiting} == {"application/json"}
        redis.flushall()
    assert bell.answers() is True
