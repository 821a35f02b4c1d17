"""Passwords, names, the lock-out and the register."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from nightdesk_hub.accounts.database import AccountsFile
from nightdesk_hub.accounts.lockout import FREE_FAILURES, LONGEST_LOCK_SECONDS, Lockout, lock_words
from nightdesk_hub.accounts.passwords import Hasher, check_password, hash_password, is_password
from nightdesk_hub.accounts.problem import AccountProblem
from nightdesk_hub.accounts.register import MOST_PENDING, Register
from nightdesk_hub.user_names import is_user_name


@pytest.mark.parametrize("name", ["ada", "ada.lovelace", "a1", "jean-luc", "x_y", "a" * 32, "admin"])
def test_names(name: str) -> None:
    assert is_user_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "Ada",
        "1ada",
        "ada-",
        "-ada",
        "ada--side",
        "ada..x",
        "a/b",
        "../x",
        "ada\n",
        "ada lovelace",
        "ädä",
        "a" * 33,
    ],
)
def test_no_names(name: str) -> None:
    assert not is_user_name(name)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 10"),
        ("x" * 1025, "too long"),
        ("abababababab", "different"),
        ("adalovelace1", "user name"),
        ("Password1234", "first that anybody tries"),
    ],
)
def test_password_rules(password: str, words: str) -> None:
    with pytest.raises(AccountProblem, match=words):
        check_password(password, "adalovelace", 10)


@pytest.mark.parametrize(
    "password", ["correct horse", "password of a whole sentence", "ada likes long walks"]
)
def test_good_passwords(password: str) -> None:
    check_password(password, "ada", 10)


def test_password_is_kept_as_a_salted_hash() -> None:
    kept = hash_password("corréct horse")
    assert kept.startswith("scrypt$15$8$1$")
    assert "horse" not in kept
    assert kept != hash_password("corréct horse")
    assert is_password("corre\u0301ct horse", kept)  # the same letter, put together differently
    assert not is_password("correct horse", kept)
    assert not is_password("", kept)


def test_hasher_knows_nobody_lets_a_team_wait_and_turns_floods_away() -> None:
    async def flood() -> list[object]:
        hasher = Hasher()
        assert not await hasher.verify("x", None)
        kept = await hasher.hash("correct horse")
        assert await hasher.verify("correct horse", kept)
        checks = [hasher.verify("x", "scrypt$4$1$1$YQ==$YQ==") for _ in range(320)]
        return list(await asyncio.gather(*checks, return_exceptions=True))

    results = asyncio.run(flood())
    turned_away = [each for each in results if isinstance(each, AccountProblem)]
    assert len(turned_away) == 18
    assert turned_away[0].status == 503


@pytest.fixture
def accounts_file(tmp_path: Path) -> Iterator[AccountsFile]:
    file = AccountsFile(tmp_path / "accounts.sqlite")
    yield file
    file.close()


@pytest.fixture
def lockout(accounts_file: AccountsFile) -> Lockout:
    return Lockout(accounts_file)


def test_lockout_by_name_and_address(lockout: Lockout) -> None:
    for _ in range(FREE_FAILURES - 1):
        lockout.failed("ada", "1.1.1.1", 0)
    assert lockout.seconds_left("ada", "1.1.1.1", 0) == 0
    lockout.failed("ada", "1.1.1.1", 0)
    assert lockout.seconds_left("ada", "1.1.1.1", 0) == 30
    assert lockout.seconds_left("ada", "1.1.1.1", 29) == 1
    assert lockout.seconds_left("ada", "1.1.1.1", 31) == 0
    assert lockout.seconds_left("ada", "2.2.2.2", 0) == lockout.seconds_left("bob", "1.1.1.1", 0) == 0


def test_a_restart_forgets_no_failure(lockout: Lockout, accounts_file: AccountsFile, tmp_path: Path) -> None:
    for _ in range(FREE_FAILURES):
        lockout.failed("ada", "1.1.1.1", 100)
    accounts_file.close()
    again = AccountsFile(tmp_path / "accounts.sqlite")
    assert Lockout(again).seconds_left("ada", "1.1.1.1", 110) == 20
    again.close()


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer(lockout: Lockout) -> None:
    for _ in range(FREE_FAILURES):
        lockout.failed("ada", "1.1.1.1", 1e6)
    assert lockout.seconds_left("ada", "1.1.1.1", 100) == LONGEST_LOCK_SECONDS
    lockout.failed("ada", "1.1.1.1", 100)
    assert lockout.seconds_left("ada", "1.1.1.1", 100) == 0


def test_old_failures_make_room(lockout: Lockout, accounts_file: AccountsFile) -> None:
    for number in range(499):
        lockout.failed(f"name{number}", "1.1.1.1", 0)
    lockout.failed("ada", "1.1.1.1", 4000)
    assert [row[0] for row in accounts_file.db.execute("SELECT name FROM failures")] == ["ada"]


def test_lock_doubles_up_to_a_quarter_of_an_hour(lockout: Lockout) -> None:
    now, locks = 0.0, []
    for _ in range(FREE_FAILURES + 8):
        now += lockout.seconds_left("ada", "1.1.1.1", now)
        lockout.failed("ada", "1.1.1.1", now)
        locks.append(lockout.seconds_left("ada", "1.1.1.1", now))
    assert locks == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900]


def test_failures_are_forgotten(lockout: Lockout) -> None:
    for _ in range(FREE_FAILURES):
        lockout.failed("ada", "1.1.1.1", 0)
        lockout.failed("ada", "2.2.2.2", 0)
    lockout.succeeded("ada", "1.1.1.1")
    assert lockout.seconds_left("ada", "1.1.1.1", 1) == 0
    lockout.forget("ada")
    assert lockout.seconds_left("ada", "2.2.2.2", 1) == 0
    for _ in range(FREE_FAILURES - 1):
        lockout.failed("bob", "1.1.1.1", 0)
    lockout.failed("bob", "1.1.1.1", 3700)
    assert lockout.seconds_left("bob", "1.1.1.1", 3700) == 0


def test_lock_words() -> None:
    assert "in 30 seconds" in lock_words(29.7)
    assert "in 15 minutes" in lock_words(900)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = Register(tmp_path / "accounts.sqlite")
    yield register
    register.close()


def test_register(register: Register, tmp_path: Path) -> None:
    register.add("bob", "hash-b", approved=True)
    ada = register.add("ada", "hash-a", approved=False)
    assert ada.created_at.endswith("+00:00")
    assert [account.name for account in register.all()] == ["ada", "bob"]  # who waits comes first
    assert not register.is_approved("ada")
    assert register.is_approved("bob")
    assert not register.is_approved("nobody")
    register.set_approved("ada", True)
    register.set_password("ada", "other")
    register.close()
    again = Register(tmp_path / "accounts.sqlite")
    assert again.get("ada").password == "other"
    again.remove("ada")
    with pytest.raises(AccountProblem, match="no account 'ada'"):
        again.get("ada")
    again.close()
    assert (tmp_path / "accounts.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_taken_name(register: Register) -> None:
    register.add("ada", "x", approved=False)
    with pytest.raises(AccountProblem, match="taken") as raised:
        register.add("ada", "y", approved=True)
    assert raised.value.status == 409


def test_so_many_may_wait_and_admins_add_more(register: Register) -> None:
    for number in range(MOST_PENDING):
        register.add(f"user{number}", "x", approved=False)
    with pytest.raises(AccountProblem, match="Too many"):
        register.add("onemore", "x", approved=False)
    register.add("onemore", "x", approved=True)


def test_admin_is_made_once_for_all(register: Register) -> None:
    assert register.needs_admin()
    register.seed_admin("first")
    assert not register.needs_admin()
    register.remove("admin")
    assert not register.needs_admin()
    with pytest.raises(sqlite3.IntegrityError):
        register.seed_admin("second")
