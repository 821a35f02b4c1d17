"""Slowing down who guesses passwords: after some failures a name is locked for an address."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

#: Failures before the first lock; each further failure locks twice as long.
FREE_FAILURES = 5
FIRST_LOCK_SECONDS = 30.0
LONGEST_LOCK_SECONDS = 900.0
#: Failures are forgotten when nothing has failed for so long.
FORGET_SECONDS = 3600.0
_MOST_ENTRIES = 20_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0
    locked_until: float = 0.0


class Lockout:
    """Failures by name and address. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def seconds_left(self, name: str, address: str, now: float) -> float:
        """How long this name stays locked for this address; 0 when it is not."""
        entry = self._entries.get((name, address))
        return max(0.0, entry.locked_until - now) if entry else 0.0

    def failed(self, name: str, address: str, now: float) -> None:
        """Note a failure."""
        key = (name, address)
        entry = self._entries.pop(key, None)
        if entry is None or now - entry.last > FORGET_SECONDS:
            entry = _Failures()
        entry.count += 1
        entry.last = now
        if entry.count >= FREE_FAILURES:
            doubled = min(entry.count - FREE_FAILURES, 10)
            entry.locked_until = now + min(LONGEST_LOCK_SECONDS, FIRST_LOCK_SECONDS * 2**doubled)
        self._entries[key] = entry
        while len(self._entries) > _MOST_ENTRIES:
            self._entries.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name at an address: the password is known there."""
        self._entries.pop((name, address), None)

    def forget(self, name: str) -> None:
        """Forget a name's failures everywhere: it has a new password."""
        for key in [key for key in self._entries if key[0] == name]:
            del self._entries[key]


def lock_words(seconds: float) -> str:
    """What somebody reads who has to wait."""
    left = f"{round(seconds)} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
    return f"Too many failed sign-ins for this name. Try again in {left}, or ask an admin for a new password."
