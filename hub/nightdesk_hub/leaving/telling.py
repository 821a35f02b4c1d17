"""Telling the platform's api who has left, so that it does its part: runs, streams, what it remembers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp

ANSWER_SECONDS = 60.0  # handing over very many runs takes a while


class NotTold(Exception):
    """The api did not do its part; it is told again until it has."""


#: Tells the api about somebody: a name and a document. Raises NotTold.
Tell = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


def tell_api(url: str, token: str) -> Tell:
    """Telling the api at `url` with the hub's own token."""

    async def tell(name: str, news: dict[str, Any]) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.put(f"{url}/{quote(name, safe='')}", json=news) as answer,
            ):
                if answer.status != 200:
                    raise NotTold(f"the api answers with status {answer.status}")
                done: dict[str, Any] = await answer.json()
                return done
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotTold(str(error) or "the api does not answer in time") from None

    return tell
