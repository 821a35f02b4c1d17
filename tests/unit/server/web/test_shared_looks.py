"""Watchers who look together: what one has seen, the others need not ask for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from nightdesk.server.web.shared_looks import SharedLooks

LONG = 60.0


class Desk:
    """What is looked at; counts."""

    def __init__(self) -> None:
        self.looks = 0
        self.open = threading.Event()
        self.open.set()

    def look(self) -> int:
        self.looks += 1
        number = self.looks
        self.open.wait(10)
        return number


def played(story: Callable[[SharedLooks, Desk], Awaitable[None]]) -> None:
    """The story in a loop of its own."""

    async def play() -> None:
        await story(SharedLooks(), Desk())

    asyncio.run(play())


def test_twenty_at_once_cost_one_look() -> None:
    async def story(shared: SharedLooks, desk: Desk) -> None:
        for number in (1, 2, 3):
            shared.rang()
            found = await asyncio.gather(*(shared.at((1, 0), desk.look, LONG) for _ in range(20)))
            assert found == [number] * 20
        assert desk.looks == 3

    played(story)


def test_a_look_that_began_before_the_ring_is_none_after_it() -> None:
    async def story(shared: SharedLooks, desk: Desk) -> None:
        desk.open.clear()
        early = asyncio.ensure_future(shared.at((1, 0), desk.look, LONG))
        while not desk.looks:
            await asyncio.sleep(0.001)
        shared.rang()
        late = asyncio.ensure_future(shared.at((1, 0), desk.look, LONG))
        await asyncio.sleep(0.01)
        desk.open.set()
        assert [await early, await late] == [1, 2]

    played(story)


def test_who_is_at_another_place_looks_for_themselves() -> None:
    async def story(shared: SharedLooks, desk: Desk) -> None:
        assert [await shared.at((1, place), desk.look, LONG) for place in (0, 7, 0, 7)] == [1, 2, 1, 2]
        for place in range(100, 200):
            await shared.at((1, place), desk.look, LONG)
        assert await shared.at((1, 0), desk.look, LONG) == 103, "not everything is kept"

    played(story)


def test_without_a_ring_it_is_looked_again_in_time() -> None:
    async def story(shared: SharedLooks, desk: Desk) -> None:
        assert await shared.at((1, 0), desk.look, 0.02) == 1
        await asyncio.sleep(0.03)
        assert await shared.at((1, 0), desk.look, 0.02) == 2

    played(story)


def test_one_who_leaves_takes_nothing_from_the_others() -> None:
    async def story(shared: SharedLooks, desk: Desk) -> None:
        desk.open.clear()
        leaves, stays = (asyncio.ensure_future(shared.at((1, 0), desk.look, LONG)) for _ in range(2))
        await asyncio.sleep(0.01)
        leaves.cancel()
        await asyncio.sleep(0.01)
        desk.open.set()
        assert await stays == 1
        with pytest.raises(asyncio.CancelledError):
            await leaves

    played(story)


def test_a_look_that_fails_fails_for_all() -> None:
    async def story(shared: SharedLooks, desk: Desk) -> None:
        def fails() -> int:
            desk.look()
            raise LookupError("gone")

        found = await asyncio.gather(
            *(shared.at((1, 0), fails, LONG) for _ in range(3)), return_exceptions=True
        )
        assert desk.looks == 1
        assert [type(each) for each in found] == [LookupError] * 3

    played(story)
