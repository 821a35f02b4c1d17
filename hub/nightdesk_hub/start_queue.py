"""As many starts at a time as there are cores.

Ten sessions that start at once on two cores are all slow; two at a time, most are ready sooner and
the last no later.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class StartQueue:
    """Turns to start a session, first come first served."""

    def __init__(self, slots: int | None = None) -> None:
        self.slots = slots or len(os.sched_getaffinity(0))
        self._free = asyncio.Semaphore(self.slots)
        self._waiting: list[object] = []

    @asynccontextmanager
    async def turn(self, waiting: Callable[[int], None]) -> AsyncIterator[None]:
        """Wait for a turn and hold it; `waiting` is told how many are before, when there are any."""
        if self._free.locked():
            waiting(len(self._waiting) + 1)
        ticket = object()
        self._waiting.append(ticket)
        try:
            await self._free.acquire()
        finally:
            self._waiting.remove(ticket)
        try:
            yield
        finally:
            self._free.release()
