"""nightdesk connection: what is asked of the platform, and that no secret is an argument or on a screen."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nightdesk.connection_kinds import KINDS

from .terminals import Terminal

Run = Callable[..., Any]
CANARY = "canary-Zx9!õ"
POSTGRESQL = ["postgresql", "warehouse", "--host", "db.example.org", "--database", "sales", "--user", "nd"]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts text on standard input."""

    def put(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))

    return put


def test_adds_one_with_the_secret_from_standard_input(
    admin: Any, nightdesk: Run, typed: Callable[[str], None]
) -> None:
    typed(CANARY + "\n")
    done = nightdesk("connection", "add", *POSTGRESQL, "--port", "5433", "--title", "Sales", "--read-only")
    assert done.code == 0, done
    assert admin.ways.secrets == {"warehouse": {"password": CANARY}}
    made = admin.ways.there["warehouse"]
    assert made["kind"] == "postgresql"
    assert made["settings"] == {"host": "db.example.org", "port": 5433, "database": "sales", "user": "nd"}
    assert (made["title"], made["read_only"]) == ("Sales", True)
    assert "nightdesk connection test warehouse" in done.out
    assert CANARY not in done.out + done.err


def test_reads_secrets_from_files(admin: Any, nightdesk: Run, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("-----BEGIN\nabc\n-----END\n")
    word = tmp_path / "word"
    word.write_text("pass phrase\r\n")
    done = nightdesk(
        *(
            "connection",
            "add",
            "sftp",
            "exchange",
            "--host",
            "h",
            "--user",
            "u",
            "--host-key",
            "ssh-ed25519 A",
        ),
        *("--secret-file", f"private_key={key}", "--secret-file", f"passphrase={word}", "--json"),
    )
    assert done.code == 0, done
    assert admin.ways.secrets["exchange"] == {
        "private_key": "-----BEGIN\nabc\n-----END\n",
        "passphrase": "pass phrase",
    }
    assert done.json["name"] == "exchange"
    assert "pass phrase" not in done.out


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_can_be_added(admin: Any, nightdesk: Run, tmp_path: Path, kind: str) -> None:
    about = KINDS[kind]
    command = ["connection", "add", kind, "one"]
    for field in about.plain:
        command += [field.option, field.example or field.default or "x"]
    for number, field in enumerate(about.hidden):
        path = tmp_path / str(number)
        path.write_text('{"password": "x"}' if field.read_by == "json" else "a secret")
        command += ["--secret-file", f"{field.name}={path}"]
    assert nightdesk(*command).code == 0
    made = admin.ways.there["one"]
    assert set(made["settings"]) == {field.name for field in about.plain}
    assert set(admin.ways.secrets["one"]) == {field.name for field in about.hidden}
    for field in about.plain:
        kept = made["settings"][field.name]
        assert isinstance(kept, {"number": int, "json": dict}.get(field.read_by, str))


@pytest.mark.parametrize("kind", list(KINDS))
def test_help_teaches(nightdesk: Run, kind: str) -> None:
    done = nightdesk("connection", "add", kind, "--help")
    assert done.code == 0
    assert "nightdesk.connect(" in done.out
    assert f"nightdesk connection add {kind} " in done.out.split("examples:")[1]
    for field in KINDS[kind].plain:
        assert field.option in done.out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "the password is empty"),
        (["--port", "many"], "no number"),
        (["--secret-file", "/nowhere/at/all"], "cannot be read"),
        (["--secret-file", "token=/nowhere"], "no secret 'token'"),
        (["--host"], "expected one argument"),
        (["--password", "x"], "unrecognized"),
    ],
)
def test_wrong_usage(
    admin: Any, nightdesk: Run, typed: Callable[[str], None], more: list[str], words: str
) -> None:
    typed("")
    done = nightdesk("connection", "add", *POSTGRESQL, *more)
    assert (done.code, words in done.err) == (2, True), done
    assert not admin.requests


def test_no_error_repeats_a_secret(admin: Any, nightdesk: Run, typed: Callable[[str], None]) -> None:
    typed(f"{CANARY}\n{CANARY}\n")
    done = nightdesk("connection", "add", *POSTGRESQL)
    assert done.code == 2
    assert "more than one line" in done.err
    typed(f'{{"token": "{CANARY}"')
    more = nightdesk("connection", "add", "fsspec", "dav", "--protocol", "webdav", "--secret-file", "-")
    assert more.code == 2
    assert CANARY not in done.out + done.err + more.out + more.err
    assert not admin.requests


def test_asks_at_a_terminal_without_echo(admin: Any, start: Callable[..., Any]) -> None:
    ours, theirs = pty.openpty()
    process = start(
        *("connection", "add", *POSTGRESQL, "--reader-user", "reader"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    terminal = Terminal(ours, process)
    terminal.read_until("password (not shown): ")
    os.write(ours, b"canary-one\n")
    terminal.read_until("reader's password (not shown): ")
    os.write(ours, b"canary-two\n")
    seen = terminal.read_to_the_end()
    os.close(ours)
    assert admin.ways.secrets["warehouse"] == {"password": "canary-one", "reader_password": "canary-two"}
    assert "canary" not in seen
    assert process.returncode == 0


def test_lists_what_one_may_use(signed_in: Any, nightdesk: Run) -> None:
    assert "no connection that you may use" in nightdesk("connection", "list").out
    signed_in.ways.add(title="Sales", write=False)
    out = nightdesk("connection", "list").out
    assert "warehouse  postgresql  read  Sales" in out
    assert 'nightdesk.connect("warehouse")' in out
    listed = nightdesk("connection", "list", "--json").json["connections"]
    assert [each["name"] for each in listed] == ["warehouse"]
    assert listed[0]["settings"] is None
    assert nightdesk("connection", "list", "--all").code == 1


def test_lists_all_for_admins(admin: Any, nightdesk: Run) -> None:
    admin.ways.add(grants=[{"kind": "group", "name": "lab", "write": True}])
    admin.ways.add("survey", "sqlite", grants=[{"kind": "everybody", "name": "", "write": False}])
    admin.ways.add("lake", "s3")
    out = nightdesk("connection", "list", "--all").out
    assert "warehouse  postgresql  lab (write)  -" in out
    assert "survey     sqlite      everybody" in out
    assert "lake       s3          admins" in out


def test_shows_one(admin: Any, nightdesk: Run) -> None:
    admin.ways.add(description="ask ben")
    out = nightdesk("connection", "show", "warehouse").out
    for words in ("warehouse: PostgreSQL", "ask ben", "db.example.org", "%sql warehouse", "DBI::"):
        assert words in out
    admin.users["token-ada"]["admin"] = False
    out = nightdesk("connection", "show", "warehouse").out
    assert "db.example.org" not in out
    assert "%sql warehouse" in out
    assert nightdesk("connection", "show", "nothing").code == 1


def test_changes_only_what_is_named(admin: Any, nightdesk: Run) -> None:
    admin.ways.add(title="Sales")
    done = nightdesk("connection", "set", "warehouse", "host=db2", "port=", "sslmode=require", "--read-only")
    assert done.code == 0, done
    there = admin.ways.there["warehouse"]
    assert there["settings"] == {
        "host": "db2",
        "database": "sales",
        "user": "nightdesk",
        "sslmode": "require",
    }
    assert (there["title"], there["read_only"]) == ("Sales", True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "nothing to set"),
        (["host"], "no FIELD=VALUE"),
        (["colour=red"], "has no field 'colour'"),
        (["password=x"], "password is a secret"),
        (["port=x"], "no number"),
    ],
)
def test_refuses_to_set(admin: Any, nightdesk: Run, given: list[str], words: str) -> None:
    admin.ways.add()
    done = nightdesk("connection", "set", "warehouse", *given)
    assert (done.code, words in done.err) == (2, True), done


def test_grants_and_revokes(admin: Any, nightdesk: Run) -> None:
    admin.ways.add()
    done = nightdesk("connection", "grant", "warehouse", "--group", "lab", "--person", "ben", "--write")
    assert "group lab, person ben may use it now" in done.out
    nightdesk("connection", "grant", "warehouse", "--everybody")
    assert admin.ways.there["warehouse"]["grants"] == [
        {"kind": "group", "name": "lab", "write": True},
        {"kind": "person", "name": "ben", "write": True},
        {"kind": "everybody", "name": "", "write": False},
    ]
    left = nightdesk("connection", "revoke", "warehouse", "--person", "ben", "--everybody", "--json").json
    assert left["grants"] == [{"kind": "group", "name": "lab", "write": True}]
    assert nightdesk("connection", "grant", "warehouse").code == 2


def test_says_what_a_test_found(admin: Any, nightdesk: Run) -> None:
    admin.ways.add()
    steps = [
        {"name": "name resolves", "ok": True, "words": "db.example.org is 10.0.0.7"},
        {"name": "port answers", "ok": False, "words": "nobody listens at 5432"},
    ]
    admin.ways.trial = {"ok": False, "steps": steps, "words": "nobody listens", "hint": "Is it 5433?"}
    done = nightdesk("connection", "test", "warehouse")
    assert done.code == 1
    assert "✓ name resolves: db.example.org is 10.0.0.7\n✗ port answers: nobody" in done.out
    assert "Is it 5433?" in done.out
    assert nightdesk("connection", "test", "warehouse", "--json").json["steps"] == steps
    admin.ways.trial = {"ok": True, "steps": steps[:1], "words": "", "hint": None}
    assert nightdesk("connection", "test", "warehouse").code == 0


def test_rotates(admin: Any, nightdesk: Run, typed: Callable[[str], None], tmp_path: Path) -> None:
    admin.ways.add()
    typed("new\n")
    done = nightdesk("connection", "rotate", "warehouse")
    assert "a new password" in done.out
    word = tmp_path / "word"
    word.write_text("of the reader")
    assert nightdesk("connection", "rotate", "warehouse", "--reader", "--secret-file", word).code == 0
    assert admin.ways.secrets["warehouse"] == {"password": "new", "reader_password": "of the reader"}
    admin.ways.add("images", "folder")
    assert nightdesk("connection", "rotate", "images").code == 2


def test_removes_shows_uses_and_reseals(admin: Any, nightdesk: Run) -> None:
    admin.ways.add()
    admin.ways.uses = [{"at": "2026-11-24T10:00:00Z", "by": "ben", "words": "run k7m2"}]
    out = nightdesk("connection", "uses", "warehouse").out
    assert "ben" in out
    assert "run k7m2" in out
    assert nightdesk("connection", "reseal").code == 0
    assert nightdesk("connection", "rm", "warehouse", "--yes", "--json").json == {"removed": "warehouse"}
    assert nightdesk("connection", "uses", "warehouse").code == 1
