"""The file of accounts, beside the hub's own database: opened when it is first asked for."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    approved INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS identities (
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    provider_name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (source, subject)
) STRICT;
CREATE TABLE IF NOT EXISTS links (provider_name TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS failures (
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    count INTEGER NOT NULL,
    last REAL NOT NULL,
    locked_until REAL NOT NULL,
    PRIMARY KEY (name, address)
) STRICT;
"""


class AccountsFile:
    """One connection. Used from the hub's event loop alone; each statement is a fraction of a millisecond."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opened: sqlite3.Connection | None = None

    @property
    def db(self) -> sqlite3.Connection:
        """The connection; each statement is a transaction unless one is begun."""
        if self._opened is None:
            # Nobody but the hub reads password hashes, from the first moment of the file on.
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
            db = sqlite3.connect(self._file, timeout=10, isolation_level=None)
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_SCHEMA)
            _add_column(db, "accounts", "must_change", "INTEGER NOT NULL DEFAULT 0")
            self._opened = db
        return self._opened

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _add_column(db: sqlite3.Connection, table: str, column: str, kind: str) -> None:
    """Files of earlier versions lack it."""
    if column not in {row[1] for row in db.execute(f"PRAGMA table_info({table})")}:
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
