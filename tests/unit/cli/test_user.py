"""nightdesk user."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def people(admin: Any) -> Any:
    admin.accounts = [
        {"name": "ada", "approved": True, "admin": True, "created_at": "2026-01-02T03:04:05Z"},
        {"name": "ben", "approved": False, "admin": False, "created_at": None},
    ]
    return admin


def test_lists(people: Any, nightdesk: Run) -> None:
    out = nightdesk("user", "list").out
    assert "ada   admin" in out
    assert "ben   waiting for approval" in out
    assert nightdesk("user", "list", "--json").json == {"users": people.accounts}


def test_approves(people: Any, nightdesk: Run) -> None:
    assert nightdesk("user", "approve", "ben").out == "ben may sign in now\n"
    assert people.accounts[1]["approved"] is True
    assert json.loads(people.bodies[-1]) == {"approved": True}


def test_adds_with_a_password_from_a_file(people: Any, nightdesk: Run, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    result = nightdesk("user", "add", "eve", "--password-file", file, "--json")
    assert result.json["name"] == "eve"
    assert json.loads(people.bodies[-1]) == {"name": "eve", "password": "correct horse", "approved": True}
    assert "correct horse" not in result.out


def test_adds_with_a_password_that_is_made(people: Any, nightdesk: Run) -> None:
    result = nightdesk("user", "add", "eve", "--generate-password")
    sent = json.loads(people.bodies[-1])["password"]
    assert len(sent) >= 20
    assert f"password: {sent}" in result.out
    assert nightdesk("user", "add", "eve2", "--generate-password", "--json").json["password"]


def test_a_new_password_in_place_of_a_forgotten_one(people: Any, nightdesk: Run) -> None:
    result = nightdesk("user", "password", "ben", "--generate-password")
    sent = json.loads(people.bodies[-1])
    assert sent.keys() == {"password"}
    assert f"password: {sent['password']}" in result.out
    assert "chooses a password of their own" in result.out
    assert nightdesk("user", "password", "nobody", "--generate-password").code != 0


def test_says_who_somebody_is_at_the_provider(people: Any, nightdesk: Run) -> None:
    result = nightdesk("user", "link", "ben", "ben@example.org")
    assert result.out == "whoever signs in as ben@example.org is ben from then on\n"
    assert json.loads(people.bodies[-1]) == {"provider_name": "ben@example.org"}


def test_adds_with_a_password_from_standard_input(
    people: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    assert nightdesk("user", "add", "eve").code == 0
    assert json.loads(people.bodies[-1])["password"] == "from a pipe"
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert nightdesk("user", "add", "eve").code == 2


def test_removes(people: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    assert nightdesk("user", "rm", "ben").code == 1
    assert len(people.accounts) == 2
    assert nightdesk("user", "rm", "ben", "--yes", "--json").json == {"removed": "ben"}
    assert len(people.accounts) == 1
    result = nightdesk("user", "rm", "ben", "--yes")
    assert result.code == 1
    assert "nightdesk user list" in result.err


def test_disables_and_enables(people: Any, nightdesk: Run) -> None:
    people.owners = {"ben": {"queued": 2, "running": 1, "succeeded": 4}}
    shown = nightdesk("user", "show", "ben").out
    assert "nightdesk-home-ben, 3 MB" in shown
    assert "2 queued, 1 running, 4 succeeded; outputs 5 KB" in shown.replace(
        "1 running, 2 queued", "2 queued, 1 running"
    )
    said = nightdesk("user", "disable", "ben", "--hand-over-to", "ada", "--yes").out
    assert said == "ben is disabled: 2 waiting and 1 running runs ended, 7 handed over to ada\n"
    assert json.loads(people.bodies[-1]) == {"disabled": True, "hand_over_to": "ada"}
    assert "disabled by ada on 2026-11-24" in nightdesk("user", "show", "ben").out
    assert "ben   disabled" in nightdesk("user", "list").out
    assert nightdesk("user", "enable", "ben").out == "ben may sign in again\n"
    assert nightdesk("user", "disable", "nobody", "--yes").code == 1


def test_asks_before_it_disables(people: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    people.owners = {"ben": {"running": 1}}
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    asked = nightdesk("user", "disable", "ben", "--hand-over-to", "ada")
    assert asked.code == 1
    assert "1 session, 3 tokens, 0 waiting runs, 1 running run" in asked.err
    assert "ada gets 1 run, and sees the home folder as ~/from-ben" in asked.err
    assert people.accounts[1].get("disabled") is None
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert nightdesk("user", "disable", "ben").code == 0


def test_purging_a_home_says_its_size_first(people: Any, nightdesk: Run) -> None:
    result = nightdesk("user", "rm", "ben", "--purge-home", "--yes")
    assert "(3 MB) is removed for ever" in result.err
    assert people.requests[-1][1] == "/hub/api/nightdesk/people/ben?purge_home=1"


def test_makes_a_token_for_this_platform_alone(people: Any, nightdesk: Run) -> None:
    result = nightdesk("user", "token", "ben", "--expires", "90d", "--note", "laptop")
    assert result.out == "token-of-ben\n"
    assert json.loads(people.bodies[-1]) == {
        "note": "laptop",
        "expires_in": 90 * 86400,
        "scopes": ["access:services!service=nightdesk"],
    }
    assert nightdesk("user", "token", "ben", "--scope", "inherit", "--json").json["scopes"] == ["inherit"]
    assert nightdesk("user", "token", "ben", "--expires", "x").code == 2


def test_names_are_escaped(people: Any, nightdesk: Run) -> None:
    nightdesk("user", "approve", "../x y")
    assert people.requests[-1][1] == "/hub/api/nightdesk/accounts/..%2Fx%20y"


@pytest.mark.usefixtures("signed_in")
def test_not_for_everybody(nightdesk: Run) -> None:
    result = nightdesk("user", "list")
    assert result.code == 1
    assert "not authorized" in result.err


def test_a_platform_where_people_sign_in_elsewhere(people: Any, nightdesk: Run) -> None:
    people.accounts = None
    result = nightdesk("user", "list")
    assert result.code == 1
    assert "keeps no accounts of its own" in result.err
