"""Who of a provider is who here: bound at the first sign-in, for good.

A provider's people are known by the *subject* that it gives them, which never changes; a name there may
change hands. Rows stay when a person is removed, so that nobody else ever gets the name and its home.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nightdesk_hub.accounts.problem import AccountProblem

if TYPE_CHECKING:
    from nightdesk_hub.accounts.database import AccountsFile

_SELECT = "SELECT source, subject, name, provider_name FROM identities"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody as a provider calls them."""

    source: str
    subject: str
    provider_name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller with the user name they have here. `provider_name` is the one they came with first."""

    source: str
    subject: str
    name: str
    provider_name: str


class Identities:
    """All of them, and what admins said in advance about who is who."""

    def __init__(self, file: AccountsFile) -> None:
        self._file = file

    def find(self, caller: Caller) -> Identity | None:
        """The identity of somebody who has been here."""
        row = self._file.db.execute(
            _SELECT + " WHERE source = ? AND subject = ?",
            (caller.source, caller.subject),
        ).fetchone()
        return Identity(*row) if row else None

    def of(self, name: str) -> Identity | None:
        """The identity behind a user name."""
        row = self._file.db.execute(_SELECT + " WHERE name = ?", (name,)).fetchone()
        return Identity(*row) if row else None

    def all(self, source: str) -> list[Identity]:
        """Everybody who has come from this provider, by name."""
        rows = self._file.db.execute(_SELECT + " WHERE source = ? ORDER BY name", (source,))
        return [Identity(*row) for row in rows]

    def add(self, caller: Caller, name: str) -> Identity:
        """Bind somebody to a user name that is free, or was kept for them."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._file.db as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM links WHERE name = ?", (name,))
            db.execute(
                "INSERT INTO identities VALUES (?, ?, ?, ?, ?)",
                (caller.source, caller.subject, name, caller.provider_name, now),
            )
        return Identity(caller.source, caller.subject, name, caller.provider_name)

    def is_anothers(self, caller: Caller) -> bool:
        """Did somebody else come with this name first? Then lists that name it do not mean this one."""
        row = self._file.db.execute(
            "SELECT 1 FROM identities WHERE source = ? AND provider_name = ? COLLATE NOCASE AND subject != ?",
            (caller.source, caller.provider_name, caller.subject),
        ).fetchone()
        return row is not None

    def is_taken(self, name: str) -> bool:
        """Is it somebody's user name, or kept for somebody?"""
        row = self._file.db.execute(
            "SELECT name FROM identities WHERE name = ?1 UNION SELECT name FROM links WHERE name = ?1",
            (name,),
        ).fetchone()
        return row is not None

    def linked(self, provider_name: str) -> str | None:
        """The user name that an admin keeps for whoever comes with this name."""
        row = self._file.db.execute(
            "SELECT name FROM links WHERE provider_name = ? COLLATE NOCASE", (provider_name,)
        ).fetchone()
        return str(row[0]) if row else None

    def link(self, name: str, provider_name: str) -> None:
        """Keep a user name for whoever comes with this name of the provider.

        Raises:
            AccountProblem: the user name is somebody's at the provider (409), or either is linked (409).
        """
        bound = self.of(name)
        if bound is not None:
            raise AccountProblem(f"'{name}' is {bound.provider_name} of {bound.source} already.", 409)
        try:
            self._file.db.execute("DELETE FROM links WHERE name = ?", (name,))
            self._file.db.execute("INSERT INTO links VALUES (?, ?)", (provider_name.casefold(), name))
        except sqlite3.IntegrityError:
            other = self.linked(provider_name)
            raise AccountProblem(f"'{provider_name}' is linked to '{other}' already.", 409) from None
