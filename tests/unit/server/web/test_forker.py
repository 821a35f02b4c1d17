"""Where processes that render come from: forks of one, each with an end of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nightdesk.server.web.forker import Forker, Worker

MEMORY = 3 * 2**29


@pytest.fixture
def forker() -> Iterator[Forker]:
    made = Forker()
    yield made
    made.leave()


def facts() -> bytes:
    """Of a process that renders: which it is, whose child, what it has imported already, and its sockets."""
    import sys

    files = Path("/proc/self/fd").iterdir()
    count = sum(str(each.readlink()).startswith("socket:") for each in files if each.exists())
    return f"{os.getpid()} {os.getppid()} {'nbconvert' in sys.modules} {count}".encode()


def asked(worker: Worker) -> tuple[int, int, bool, int]:
    worker.pipe.send((facts, (), None))
    process, parent, imported, sockets = worker.pipe.recv_bytes()[1:].split()
    return int(process), int(parent), imported == b"True", int(sockets)


def gone(process: int) -> bool:
    """Whether it has ended, waiting for it."""
    deadline = time.monotonic() + 20
    while Path(f"/proc/{process}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not Path(f"/proc/{process}").exists()


def test_they_are_forks_of_one_that_has_imported_all(forker: Forker) -> None:
    process = forker.start("spawn")
    one, other = forker.worker(MEMORY), forker.worker(MEMORY)
    first, parent, imported, sockets = asked(one)
    second, parent_too, _, _ = asked(other)
    assert first != second
    assert parent == parent_too == process.pid
    assert imported, "it begins with what it needs"
    assert sockets == 1, "its own pipe: not the other's, and not the door at which one asks for more"
    assert one.alive
    one.end()
    assert gone(first)
    assert other.alive
    os.kill(second, signal.SIGKILL)
    assert gone(second)
    assert not other.alive, "it is known that it ended by itself"
    other.end()
    forker.leave()
    process.join(20)
    assert process.exitcode == 0, "nobody is left who could ask"


def test_the_one_that_forks_is_made_again(forker: Forker) -> None:
    worker = forker.worker(MEMORY)
    _, parent, _, _ = asked(worker)
    worker.end()
    os.kill(parent, signal.SIGKILL)
    again = forker.worker(MEMORY)
    assert asked(again)[1] != parent
    again.end()


def test_nothing_is_imported_for_somebody_who_was_not_served_yet(forker: Forker) -> None:
    forker.expect()
    assert forker._door is None, "where nothing was started, a look at a run starts nothing"
