"""Knowing soon that a session answers, or that it never will."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

#: Between two looks. The hub's own wait draws at random from up to five seconds.
LOOK_SECONDS = 0.05
#: Between two questions whether the container is alive; they cost the engine something.
ALIVE_SECONDS = 1.0


class NotReady(Exception):
    """The session did not come up; the message is what happened."""


async def wait_until_ready(url: str, alive: Callable[[], Awaitable[str | None]], seconds: float) -> None:
    """Wait until the session's server answers at `url`.

    `alive` says None while the container runs, and otherwise how it ended.

    Raises:
        NotReady: it ended, or `seconds` are over.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    ask_alive = loop.time() + ALIVE_SECONDS
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            if await _answers(session, url):
                return
            now = loop.time()
            if now >= ask_alive:
                ended = await alive()
                if ended is not None:
                    raise NotReady(ended)
                ask_alive = loop.time() + ALIVE_SECONDS
            if now >= deadline:
                raise NotReady(f"it did not answer within {seconds:g} seconds")
            await asyncio.sleep(LOOK_SECONDS)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url, allow_redirects=False) as answer:
            return answer.status < 500
    except (aiohttp.ClientError, TimeoutError):
        return False
