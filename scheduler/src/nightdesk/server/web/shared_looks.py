"""What one of many watchers has seen, the others need not ask the database for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from anyio.to_thread import run_sync

Seen = TypeVar("Seen")
_KEPT = 16  # places in the log of one run: of who has just come, and of those who have all of it


@dataclass(frozen=True, slots=True)
class _Look:
    rung: int
    began: float
    found: asyncio.Task[Any]


class SharedLooks:
    """Looks at one thing, each shared by all who are at the same place of its log. For one event loop."""

    def __init__(self) -> None:
        self._rung = 0
        self._looks: dict[Any, _Look] = {}

    def rang(self) -> None:
        """There is news: what was seen, or begun to be looked at, before counts no more."""
        self._rung += 1

    async def at(self, place: Any, look: Callable[[], Seen], good_for: float) -> Seen:
        """What ``look`` returns; or what it returned for another watcher who asked at this place since the last ring
        and no more than ``good_for`` seconds ago.

        Raises whatever ``look`` does.
        """
        now = asyncio.get_running_loop().time()
        known = self._looks.get(place)
        if known is None or known.rung != self._rung or now - known.began > good_for:
            # A task of its own: whoever asked first may leave before it is done.
            found = asyncio.ensure_future(run_sync(look))
            found.add_done_callback(_heard)
            self._forget()
            known = self._looks[place] = _Look(self._rung, now, found)
        seen: Seen = await asyncio.shield(known.found)
        return seen

    def _forget(self) -> None:
        for place, look in list(self._looks.items()):
            if look.rung != self._rung or len(self._looks) >= _KEPT:
                del self._looks[place]


def _heard(found: asyncio.Task[Any]) -> None:
    """An error that nobody waits for any more is no news."""
    if not found.cancelled():
        found.exception()
