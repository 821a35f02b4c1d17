"""Slowing down who guesses passwords: after some failures a name is locked for an address."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nightdesk_hub.accounts.database import AccountsFile

#: Failures before the first lock; each further failure locks twice as long.
FREE_FAILURES = 5
FIRST_LOCK_SECONDS = 30.0
LONGEST_LOCK_SECONDS = 900.0
#: Failures are forgotten when nothing has failed for so long.
FORGET_SECONDS = 3600.0
_MOST_ENTRIES = 20_000
_SWEEP_EVERY = 500


class Lockout:
    """Failures by name and address, in the file of accounts, so that a hub's restart forgets none.

    Times are seconds of one clock that outlives the hub: the machine's. One that was set back keeps
    nobody out for longer than the longest lock.
    """

    def __init__(self, file: AccountsFile) -> None:
        self._file = file
        self._noted = 0

    def seconds_left(self, name: str, address: str, now: float) -> float:
        """How long this name stays locked for this address; 0 when it is not."""
        row = self._row(name, address)
        return min(LONGEST_LOCK_SECONDS, max(0.0, row[2] - now)) if row else 0.0

    def failed(self, name: str, address: str, now: float) -> None:
        """Note a failure."""
        count, last, locked_until = self._row(name, address) or (0, now, 0.0)
        if not 0 <= now - last <= FORGET_SECONDS:
            count, locked_until = 0, 0.0
        count += 1
        if count >= FREE_FAILURES:
            doubled = min(count - FREE_FAILURES, 10)
            locked_until = now + min(LONGEST_LOCK_SECONDS, FIRST_LOCK_SECONDS * 2**doubled)
        self._db.execute(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
            (name, address, count, now, locked_until),
        )
        self._noted += 1
        if self._noted % _SWEEP_EVERY == 0:
            self._sweep(now)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name at an address: the password is known there."""
        if self._row(name, address):
            self._db.execute("DELETE FROM failures WHERE name = ? AND address = ?", (name, address))

    def forget(self, name: str) -> None:
        """Forget a name's failures everywhere: it has a new password."""
        self._db.execute("DELETE FROM failures WHERE name = ?", (name,))

    @property
    def _db(self) -> sqlite3.Connection:
        return self._file.db

    def _row(self, name: str, address: str) -> tuple[int, float, float] | None:
        found: tuple[int, float, float] | None = self._db.execute(
            "SELECT count, last, locked_until FROM failures WHERE name = ? AND address = ?", (name, address)
        ).fetchone()
        return found

    def _sweep(self, now: float) -> None:
        """Old failures go, and of very many the oldest."""
        self._db.execute("DELETE FROM failures WHERE last < ?", (now - FORGET_SECONDS,))
        self._db.execute(
            "DELETE FROM failures WHERE rowid IN (SELECT rowid FROM failures ORDER BY last DESC LIMIT -1 OFFSET ?)",
            (_MOST_ENTRIES,),
        )


def lock_words(seconds: float) -> str:
    """What somebody reads who has to wait."""
    left = f"{round(seconds)} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
    return f"Too many failed sign-ins for this name. Try again in {left}, or ask an admin for a new password."
