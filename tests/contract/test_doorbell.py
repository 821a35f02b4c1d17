"""What every Doorbell does; one that is out of reach does no harm and takes no long time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from nightdesk.server.adapters.redis_bell import RedisBell, celery_app
from nightdesk.server.doubles.doorbell import MemoryBell
from nightdesk.server.ports.doorbell import Doorbell


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
