"""Offering what was submitted: one look at the queue for many submits, and whatever goes wrong it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from nightdesk.config import Settings
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.policy import Policies
from nightdesk.server.doubles.doorbell import MemoryBell
from nightdesk.server.web.dispatcher import Dispatcher

from ....support.waiting import until


class Queue:
    """Counts the looks; the first ones go wrong."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.looks = 0
        self.held = threading.Event()
        self.held.set()

    def offer(self, *_: Any) -> list[str]:
        """One look."""
        self.looks += 1
        self.held.wait(10)
        if self.errors:
            raise self.errors.pop(0)
        return [f"run-{self.looks}"]


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def bell() -> MemoryBell:
    return MemoryBell()


@pytest.fixture
def dispatcher(queue: Queue, bell: MemoryBell) -> Iterator[Dispatcher]:
    platform: Any = SimpleNamespace(
        records=queue, bell=bell, settings=Settings(), policies=SimpleNamespace(now=Policies)
    )
    made = Dispatcher(platform)
    made.start()
    yield made
    made.stop()
    made.join(10)
    assert not made.is_alive()


def test_what_is_submitted_is_offered(dispatcher: Dispatcher, bell: MemoryBell) -> None:
    dispatcher.wake()
    until(lambda: bell.rings == ["run-1"], "a ring", every=0.01)


def test_once_nobody_wakes_it_any_more_it_looks_once_again(
    dispatcher: Dispatcher, queue: Queue, bell: MemoryBell
) -> None:
    dispatcher.wake()
    until(lambda: bell.rings == ["run-1", "run-2"], "what a storm of submits held up", every=0.01)
    assert queue.looks == 2


def test_many_submits_while_it_looks_are_one_more_look(
    dispatcher: Dispatcher, queue: Queue, bell: MemoryBell
) -> None:
    queue.held.clear()
    dispatcher.wake()
    until(lambda: queue.looks == 1, "the first look", every=0.01)
    for _ in range(100):
        dispatcher.wake()
    queue.held.set()
    until(lambda: len(bell.rings) == 2, "a second look", every=0.01)
    assert bell.rings == ["run-1", "run-2"]


@pytest.mark.parametrize("error", [Unavailable("the database does not answer"), KeyError("a bug")])
def test_a_look_that_failed_is_not_the_last(
    dispatcher: Dispatcher, queue: Queue, bell: MemoryBell, error: Exception
) -> None:
    queue.errors.append(error)
    dispatcher.wake()
    until(lambda: queue.looks == 1, "the first look", every=0.01)
    dispatcher.wake()
    until(lambda: bell.rings == ["run-2"], "the next look", every=0.01)
