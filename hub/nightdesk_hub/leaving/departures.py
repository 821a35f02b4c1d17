"""The one record of who is shut out, whichever way people sign in: tables beside the accounts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS departures (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    address TEXT NOT NULL,
    heir TEXT,
    purge_home INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS former (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS handed_homes (
    volume TEXT NOT NULL,
    of TEXT NOT NULL,
    heir TEXT NOT NULL,
    PRIMARY KEY (volume, heir)
) STRICT;
"""
_COLUMNS = "name, state, at, by, address, heir, purge_home, told, ended"


class State(StrEnum):
    """Where somebody's leaving is."""

    OUT = "out"  # disabled
    BACK = "back"  # enabled again, which the api has to hear of still
    REMOVING = "removing"  # disabled, and the account is about to go


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody's leaving. `told`: the api has done its part; `ended`: their sessions are gone."""

    name: str
    state: State
    at: str
    by: str
    address: str  # from where they asked
    heir: str | None
    purge_home: bool
    told: bool
    ended: bool

    @property
    def is_settled(self) -> bool:
        """Is nothing left to do?"""
        return self.state is State.OUT and self.told and self.ended


@dataclass(frozen=True, slots=True)
class HandedHome:
    """Somebody's home volume that another person sees in their sessions."""

    volume: str
    of: str


class Departures:
    """Used from the hub's event loop alone; each call is a fraction of a millisecond."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opened: sqlite3.Connection | None = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._opened is None:
            self._file.touch(mode=0o600)
            db = sqlite3.connect(self._file, timeout=10, isolation_level=None)
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_SCHEMA)
            self._opened = db
        return self._opened

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def find(self, name: str) -> Departure | None:
        """This person's leaving; None of somebody who is not."""
        rows = self._select("WHERE name = ?", (name,))
        return rows[0] if rows else None

    def all(self) -> list[Departure]:
        """Everybody's."""
        return self._select("ORDER BY name")

    def is_out(self, name: str) -> bool:
        """Is this person shut out?"""
        found = self.find(name)
        return found is not None and found.state is not State.BACK

    def disable(self, name: str, by: str, heir: str | None = None, address: str = "") -> None:
        """Shut somebody out. Of one who is out already only the heir can change."""
        with self._db:
            self._db.execute(
                "INSERT INTO departures (name, state, at, by, heir, address) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET told = 0, ended = 0, heir = coalesce(excluded.heir, heir), "
                "by = excluded.by, address = excluded.address, "
                "state = CASE state WHEN 'back' THEN 'out' ELSE state END",
                (name, State.OUT, datetime.now(UTC).isoformat(timespec="seconds"), by, heir, address),
            )

    def enable(self, name: str, by: str, address: str = "") -> None:
        """Let somebody in again who was disabled; nothing happens to others, or where the account is going."""
        self._db.execute(
            "UPDATE departures SET state = 'back', by = ?, address = ? WHERE name = ? AND state = 'out'",
            (by, address, name),
        )

    def remove(self, name: str, *, purge_home: bool) -> None:
        """The account of somebody who is out is to go as well."""
        self._db.execute(
            "UPDATE departures SET state = 'removing', purge_home = max(purge_home, ?) WHERE name = ?",
            (int(purge_home), name),
        )

    def note(self, name: str, *, told: bool | None = None, ended: bool | None = None) -> None:
        """A step is done."""
        for column, value in (("told", told), ("ended", ended)):
            if value is not None:
                self._db.execute(f"UPDATE departures SET {column} = ? WHERE name = ?", (int(value), name))  # noqa: S608

    def finish(self, name: str) -> None:
        """Nothing is left to do for somebody who is back, or whose account is gone: the next of the name is another."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if (found := self.find(name)) is not None and found.state is State.REMOVING:
                self._db.execute(
                    "INSERT INTO former VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1",
                    (name,),
                )
            self._db.execute("DELETE FROM departures WHERE name = ?", (name,))

    def former(self, name: str) -> int:
        """How many people of this name have been removed: what is named after the next one has that number."""
        row = self._db.execute("SELECT count FROM former WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    # --- homes ------------------------------------------------------------------------------------

    def hand_home(self, volume: str, of: str, heir: str) -> None:
        """Let the heir see a home volume, and what its owner had been given to see."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR REPLACE INTO handed_homes VALUES (?, ?, ?)", (volume, of, heir))
            self._db.execute("UPDATE OR REPLACE handed_homes SET heir = ? WHERE heir = ?", (heir, of))

    def handed_to(self, name: str) -> list[HandedHome]:
        """The homes that this person sees."""
        rows = self._db.execute(
            "SELECT volume, of FROM handed_homes WHERE heir = ? ORDER BY of, volume", (name,)
        )
        return [HandedHome(volume, of) for volume, of in rows]

    def heirs_of(self, volume: str) -> list[str]:
        """Who sees this home."""
        rows = self._db.execute("SELECT heir FROM handed_homes WHERE volume = ? ORDER BY heir", (volume,))
        return [heir for (heir,) in rows]

    def forget_homes_of(self, name: str) -> None:
        """Somebody is gone: they see nobody's home any more."""
        self._db.execute("DELETE FROM handed_homes WHERE heir = ?", (name,))

    def forget_volume(self, volume: str) -> None:
        """A home is gone, or its owner's alone again: nobody else sees it any more."""
        self._db.execute("DELETE FROM handed_homes WHERE volume = ?", (volume,))

    def _select(self, rest: str, values: Sequence[str] = ()) -> list[Departure]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM departures {rest}", values)  # noqa: S608
        return [
            Departure(name, State(state), at, by, address, heir, bool(purge), bool(told), bool(ended))
            for name, state, at, by, address, heir, purge, told, ended in rows
        ]
