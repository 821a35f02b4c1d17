"""The register of accounts: a table in an SQLite file beside the hub's own database."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nightdesk_hub.accounts.database import AccountsFile
from nightdesk_hub.accounts.problem import AccountProblem
from nightdesk_hub.sign_in.identities import Identities

ADMIN = "admin"
#: More people than this waiting for approval look like an attack.
MOST_PENDING = 200

_SELECT = "SELECT name, password, approved, created_at, must_change FROM accounts"


@dataclass(frozen=True, slots=True)
class Account:
    """One row. `password` is a hash; `created_at` is UTC, ISO 8601.

    `must_change`: an admin knows the password; it opens nothing until its owner has chosen another.
    """

    name: str
    password: str
    approved: bool
    created_at: str
    must_change: bool = False


class Register:
    """All accounts. Used from the hub's event loop alone; each call is a fraction of a millisecond."""

    def __init__(self, file: Path) -> None:
        self.file = AccountsFile(file)
        self.identities = Identities(self.file)

    @property
    def _db(self) -> sqlite3.Connection:
        return self.file.db

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def all(self) -> list[Account]:
        """Everybody: who waits for approval first, then by name."""
        rows = self._db.execute(_SELECT + " ORDER BY approved, name")
        return [_account(row) for row in rows]

    def find(self, name: str) -> Account | None:
        """The account of this name."""
        row = self._db.execute(_SELECT + " WHERE name = ?", (name,)).fetchone()
        return _account(row) if row else None

    def get(self, name: str) -> Account:
        """The account of this name. Raises AccountProblem (404) when there is none."""
        account = self.find(name)
        if account is None:
            raise AccountProblem(f"There is no account '{name}'.", 404)
        return account

    def is_approved(self, name: str) -> bool:
        """May this name sign in?"""
        account = self.find(name)
        return account is not None and account.approved

    def add(self, name: str, password_hash: str, *, approved: bool) -> Account:
        """A new account.

        Raises:
            AccountProblem: the name is taken (409), or too many wait for approval (503).
        """
        waiting = self._db.execute("SELECT count(*) FROM accounts WHERE NOT approved").fetchone()[0]
        if not approved and waiting >= MOST_PENDING:
            raise AccountProblem("Too many accounts wait for approval already. Ask an admin.", 503)
        created_at = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            self._db.execute(
                "INSERT INTO accounts (name, password, approved, created_at) VALUES (?, ?, ?, ?)",
                (name, password_hash, int(approved), created_at),
            )
        except sqlite3.IntegrityError:
            raise AccountProblem(f"The name '{name}' is taken. Choose another one.", 409) from None
        return Account(name, password_hash, approved, created_at)

    def set_approved(self, name: str, approved: bool) -> None:
        """Let somebody in, or no longer."""
        self._db.execute("UPDATE accounts SET approved = ? WHERE name = ?", (int(approved), name))

    def set_password(self, name: str, password_hash: str, *, must_change: bool = False) -> None:
        """Give an account another password; `must_change` where it is somebody else who gives it."""
        self._db.execute(
            "UPDATE accounts SET password = ?, must_change = ? WHERE name = ?",
            (password_hash, int(must_change), name),
        )

    def remove(self, name: str) -> None:
        """Take an account away; nothing happens when there is none."""
        self._db.execute("DELETE FROM accounts WHERE name = ?", (name,))

    def needs_admin(self) -> bool:
        """Is this the first start? Later ones leave the admin's account as it is, even if it is gone."""
        return self._db.execute("SELECT 1 FROM facts WHERE name = 'admin_seeded'").fetchone() is None

    def seed_admin(self, password_hash: str) -> None:
        """Make the admin's account, once for all."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT INTO facts VALUES ('admin_seeded', 'yes')")
            self.add(ADMIN, password_hash, approved=True)


def _account(row: tuple[str, str, int, str, int]) -> Account:
    name, password, approved, created_at, must_change = row
    return Account(name, password, bool(approved), created_at, bool(must_change))
