"""What a connection is made of, who may use it, and which login they get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.connection import (
    Connection,
    Grant,
    access,
    check_access,
    check_connection,
    check_grant,
    check_name,
    check_place,
    check_secrets,
    held_to,
    login,
)
from nightdesk.server.domain.connection_kind import SPECS, ConnectionKind, example_of, fields_of
from nightdesk.server.domain.errors import Invalid, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind

K = ConnectionKind
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBJ1yv8e0l4S1dC6ZsoEwB5Qd5JcQb4hXy0aXW5sYB0N"
GOOD: dict[K, tuple[dict[str, Any], dict[str, Any]]] = {
    K.POSTGRESQL: ({"host": "db", "database": "sales", "user": "ada"}, {"password": "p"}),
    K.MYSQL: ({"host": "db", "database": "sales", "user": "ada", "port": 3307}, {"password": "p"}),
    K.SQLITE: ({"path": "/srv/data/sales.db"}, {}),
    K.S3: ({"bucket": "lake", "access_key": "id"}, {"secret_key": "s"}),
    K.SFTP: ({"host": "files", "user": "ada", "host_key": HOST_KEY}, {"private_key": "key\nlines\n"}),
    K.HTTP: ({"url": "https://api.example.org/v1"}, {"token": "t"}),
    K.GIT: ({"url": "https://git.example.org/team/x.git", "api": "gitea"}, {"password": "t"}),
    K.FOLDER: ({"path": "/srv/data/maps"}, {}),
    K.SQLALCHEMY: ({"url": "oracle+oracledb://ada@db.example.org/sales"}, {"password": "p"}),
    K.FSSPEC: ({"protocol": "gcs", "options": {"anon": True}}, {"options": {"token": "t"}}),
}
READERS: dict[K, tuple[dict[str, Any], dict[str, Any]]] = {
    K.POSTGRESQL: ({"reader_user": "eve"}, {"reader_password": "r"}),
    K.MYSQL: ({"reader_user": "eve"}, {"reader_password": "r"}),
    K.S3: ({"reader_access_key": "rid"}, {"reader_secret_key": "r"}),
    K.SFTP: ({"reader_user": "eve"}, {"reader_password": "r"}),
    K.HTTP: ({}, {"reader_token": "r"}),
    K.GIT: ({"user": "ada", "reader_user": "eve"}, {"reader_password": "r"}),
    K.SQLALCHEMY: ({"reader_user": "eve"}, {"reader_password": "r"}),
}


def made(kind: K, *, reader: bool = False, **more: Any) -> tuple[Connection, dict[str, Any]]:
    settings, secrets = GOOD[kind]
    if reader:
        settings, secrets = {**settings, **READERS[kind][0]}, {**secrets, **READERS[kind][1]}
    secrets = check_secrets(kind, secrets)
    return check_connection(Connection("warehouse", kind, settings=settings, **more), secrets), secrets


@pytest.mark.parametrize("kind", K)
def test_each_kind_can_be_made_and_needs_what_it_says(kind: K) -> None:
    settings, secrets = GOOD[kind]
    connection, _ = made(kind)
    assert connection.secret_names == tuple(sorted(secrets))
    assert "warehouse" in example_of(kind, "warehouse")
    for field in fields_of(kind):
        given = secrets if field.secret else settings
        if field.required and field.name in given:
            short = {name: value for name, value in given.items() if name != field.name}
            with pytest.raises(Invalid, match=f"needs the .* '{field.name}'"):
                check_connection(
                    Connection("x", kind, settings=settings if field.secret else short),
                    short if field.secret else secrets,
                )


def test_a_table_is_there_for_each_kind() -> None:
    assert set(SPECS) == set(K) == set(GOOD)


@pytest.mark.parametrize("kind", READERS)
def test_who_only_reads_gets_the_reader_s_login_and_nothing_of_the_other(kind: K) -> None:
    connection, secrets = made(kind, reader=True)
    reads, writes = login(connection, secrets, False), login(connection, secrets, True)
    assert reads.read_only
    assert not writes.read_only
    assert set(reads.secrets.values()) == {"r"}
    assert "r" not in writes.secrets.values()
    for handed in (reads, writes):
        assert not any(name.startswith("reader_") for name in (*handed.settings, *handed.secrets))
    assert "ada" not in str(reads.settings)
    assert held_to(connection, False) == "login"


def test_the_reader_s_user_stands_in_the_address() -> None:
    connection, secrets = made(K.SQLALCHEMY, reader=True)
    assert login(connection, secrets, False).settings["url"] == "oracle+oracledb://eve@db.example.org/sales"
    assert login(connection, secrets, True).settings["url"] == "oracle+oracledb://ada@db.example.org/sales"


def test_without_a_reader_s_login_there_is_one_for_all_with_defaults() -> None:
    connection, secrets = made(K.POSTGRESQL)
    assert login(connection, secrets, False).secrets == {"password": "p"}
    assert login(connection, secrets, False).settings["port"] == 5432
    assert held_to(connection, False) == "database"
    assert held_to(connection, True) is None
    assert held_to(made(K.S3)[0], False) == "request"
    assert held_to(made(K.FOLDER)[0], False) == "mount"


@pytest.mark.parametrize(
    ("settings", "secrets", "words"),
    [
        ({"reader_user": "eve"}, {}, "reader_password"),
        ({}, {"reader_password": "r"}, "reader_user"),
    ],
)
def test_half_a_reader_s_login_is_none(settings: dict[str, Any], secrets: dict[str, Any], words: str) -> None:
    own, secret = GOOD[K.POSTGRESQL]
    with pytest.raises(Invalid, match=words):
        check_connection(Connection("x", K.POSTGRESQL, settings={**own, **settings}), {**secret, **secrets})


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (K.POSTGRESQL, "port", 0),
        (K.POSTGRESQL, "port", "70000"),
        (K.POSTGRESQL, "port", True),
        (K.POSTGRESQL, "host", "db\nx"),
        (K.POSTGRESQL, "host", 7),
        (K.HTTP, "url", "ftp://x"),
        (K.HTTP, "url", "https://ada:secret@x"),
        (K.HTTP, "url", "https://x:port"),
        (K.SQLALCHEMY, "url", "oracle://ada:secret@db/sales"),
        (K.SQLALCHEMY, "url", "no address"),
        (K.SQLITE, "path", "data.db"),
        (K.SQLITE, "path", "/srv/data/../etc/x"),
        (K.SQLITE, "path", "/"),
        (K.SFTP, "host_key", "ssh-ed25519 AAAA"),
        (K.SFTP, "path", "/a/../b"),
        (K.FSSPEC, "options", "[1]"),
        (K.FSSPEC, "options", float("nan")),
        (K.FOLDER, "nothing", "x"),
    ],
)
def test_what_a_setting_cannot_be(kind: K, name: str, value: Any) -> None:
    settings, secrets = GOOD[kind]
    with pytest.raises(Invalid) as caught:
        check_connection(Connection("x", kind, settings={**settings, name: value}), secrets)
    assert name in caught.value.message


def test_no_words_hold_a_secret() -> None:
    for value in ("canary\x00", "canary" * 20000, ["canary"], "canary\ud800"):
        with pytest.raises(Invalid) as caught:
            check_secrets(K.POSTGRESQL, {"password": value})
        assert "canary" not in f"{caught.value.message} {caught.value.hint}"
    with pytest.raises(Invalid) as caught:
        check_connection(Connection("x", K.SQLALCHEMY, settings={"url": "a://b:canary@c"}), {})
    assert "canary" not in caught.value.message


def test_a_host_s_line_of_known_hosts_is_taken_without_the_host() -> None:
    settings, secrets = GOOD[K.SFTP]
    connection = Connection(
        "x", K.SFTP, settings={**settings, "host_key": f"files.example.org {HOST_KEY} me@here"}
    )
    assert check_connection(connection, secrets).settings["host_key"] == HOST_KEY


def test_text_is_an_object_as_well() -> None:
    connection = Connection("x", K.FSSPEC, settings={"protocol": "gcs", "options": '{"anon": true}'})
    assert check_connection(connection, {}).settings["options"] == {"anon": True}


@pytest.mark.parametrize("name", ["", "A", "1a", "a b", "a/b", "a" * 32, "ä", "reseal", "a.b"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(Invalid):
        check_name(name)


ADA, CLEO, ROOT = Person("ada", groups=("team",)), Person("cleo"), Person("root", admin=True)


@pytest.mark.security(5)
def test_the_best_of_what_is_granted_counts_by_the_groups_of_now() -> None:
    connection, _ = made(K.POSTGRESQL)
    assert access(connection, ADA) is None
    assert access(connection, ROOT) is True
    read = replace(connection, grants=(Grant(Kind.GROUP, "team"), Grant(Kind.PERSON, "cleo", True)))
    assert access(read, ADA) is False
    assert access(read, replace(ADA, groups=())) is None
    assert access(read, CLEO) is True
    assert access(read, Person("team")) is None, "a person who is called like the group"
    assert access(replace(read, grants=(*read.grants, Grant(Kind.PERSON, "ada", True))), ADA) is True
    assert access(replace(read, grants=(Grant(Kind.EVERYBODY),)), Person("x")) is False
    only = replace(read, read_only=True)
    assert (access(only, CLEO), access(only, ROOT)) == (False, False)


def test_not_there_and_not_theirs_are_told_alike() -> None:
    connection, _ = made(K.POSTGRESQL)
    with pytest.raises(NotFound) as theirs:
        check_access(connection, ADA, "warehouse")
    with pytest.raises(NotFound) as nobodys:
        check_access(None, ADA, "warehouse")
    assert theirs.value.message == nobodys.value.message


def test_everybody_has_no_name_and_a_group_has_one() -> None:
    assert check_grant(Grant(Kind.EVERYBODY, "x")) == Grant(Kind.EVERYBODY)
    with pytest.raises(Invalid):
        check_grant(Grant(Kind.GROUP, " "))


def folder(name: str, path: str, kind: K = K.FOLDER, *, read_only: bool = True) -> Connection:
    return Connection(name, kind, settings={"path": path}, read_only=read_only)


@pytest.mark.parametrize(
    ("path", "allowed", "fine"),
    [
        ("/srv/data/maps", ("/srv/data",), True),
        ("/srv/data", ("/srv/data",), True),
        ("/srv/database", ("/srv/data",), False),
        ("/etc", ("/srv/data", "/srv/more"), False),
        ("/srv/data/maps", (), False),
    ],
)
def test_places_of_the_machine_are_below_one_that_is_allowed(
    path: str, allowed: tuple[str, ...], fine: bool
) -> None:
    if fine:
        check_place(folder("x", path), allowed, [])
        return
    with pytest.raises(Invalid, match="below none of the places"):
        check_place(folder("x", path), allowed, [])


def test_what_is_no_place_may_be_made_without_any() -> None:
    check_place(made(K.POSTGRESQL)[0], (), [])


@pytest.mark.parametrize(
    ("new", "other", "fine"),
    [
        (folder("a", "/srv/data/x"), folder("b", "/srv/data"), True),
        (folder("a", "/srv/data/x"), folder("b", "/srv/data", read_only=False), False),
        (folder("a", "/srv/data", read_only=False), folder("b", "/srv/data/x"), False),
        (folder("a", "/srv/data/x", read_only=False), folder("b", "/srv/data/y", read_only=False), True),
        (
            folder("a", "/srv/data/x/a.db", K.SQLITE),
            folder("b", "/srv/data/x/b.db", K.SQLITE, read_only=False),
            False,
        ),
        (folder("a", "/srv/data/x"), folder("a", "/srv/data", read_only=False), True),
    ],
)
def test_nothing_lies_in_what_others_write_to(new: Connection, other: Connection, fine: bool) -> None:
    """Else whoever writes there could put a link in the place of the inner one, and have anything mounted."""
    if fine:
        check_place(new, ("/srv/data",), [other])
        return
    with pytest.raises(Invalid, match="lie in each other"):
        check_place(new, ("/srv/data",), [other])


def test_the_file_of_sqlite_is_below_its_name() -> None:
    assert folder("sales", "/srv/data/s.db", K.SQLITE).place == "/connections/sales/s.db"
    assert folder("maps", "/srv/data/maps").place == "/connections/maps"
    assert made(K.S3)[0].place is None


@pytest.mark.parametrize("text", ["x" * 2001, "a\x00b", "half \ud800"])
def test_what_is_no_description(text: str) -> None:
    with pytest.raises(Invalid, match="description"):
        made(K.FOLDER, description=text)
