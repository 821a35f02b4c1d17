"""Turns to start, and waiting until a session answers."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web
from nightdesk_hub.readiness import NotReady, wait_until_ready
from nightdesk_hub.start_queue import StartQueue


def test_as_many_at_a_time_as_there_are_slots() -> None:
    async def start_five() -> tuple[int, list[int]]:
        queue, running, most, told = StartQueue(2), 0, 0, []

        async def start() -> None:
            nonlocal running, most
            async with queue.turn(told.append):
                running += 1
                most = max(most, running)
                await asyncio.sleep(0.01)
                running -= 1

        await asyncio.gather(*(start() for _ in range(5)))
        return most, told

    assert asyncio.run(start_five()) == (2, [1, 2, 3])


def test_a_start_that_fails_or_gives_up_frees_its_place() -> None:
    async def go() -> None:
        queue = StartQueue(1)
        with pytest.raises(ValueError, match="no"):
            async with queue.turn(lambda _: None):
                raise ValueError("no")
        async with queue.turn(lambda _: None):
            waiting = asyncio.create_task(queue.turn(lambda _: None).__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), queue.turn(lambda _: None):
            pass

    asyncio.run(go())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def alive() -> str | None:
    return None


async def dead() -> str | None:
    return "it ran out of memory"


def test_ready_as_soon_as_it_answers() -> None:
    async def go() -> float:
        port, answers = free_port(), iter([503, 500, 200])

        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=next(answers))

        app = web.Application()
        app.router.add_get("/api", answer)
        runner = web.AppRunner(app)

        async def come_up() -> None:
            await asyncio.sleep(0.2)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()

        loop = asyncio.get_running_loop()
        began = loop.time()
        coming = asyncio.create_task(come_up())
        await wait_until_ready(f"http://127.0.0.1:{port}/api", alive, 10)
        took = loop.time() - began
        await coming
        await runner.cleanup()
        return took

    assert 0.2 < asyncio.run(go()) < 1.0


def test_a_dead_container_is_not_waited_for() -> None:
    with pytest.raises(NotReady, match="out of memory"):
        asyncio.run(wait_until_ready(f"http://127.0.0.1:{free_port()}/", dead, 60))


def test_a_silent_one_is_given_its_time() -> None:
    with pytest.raises(NotReady, match=r"within 0\.3 seconds"):
        asyncio.run(wait_until_ready(f"http://127.0.0.1:{free_port()}/", alive, 0.3))
