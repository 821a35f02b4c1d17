"""What `nightdesk.connect` opens and what a test of a connection says, of every kind with a real server behind it."""

from __future__ import annotations

import logging
import pickle
import socket
import sqlite3
import threading
import traceback
from pathlib import Path
from typing import Any

import paramiko
import pytest
import sqlalchemy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nightdesk.client.errors import NightdeskError
from nightdesk.connecting import open_connection, outcome
from nightdesk.connecting.hidden import hidden, texts

from ..support.servers import Servers, public_text

pytestmark = pytest.mark.engine
DATABASES = ("postgresql", "mysql", "sqlalchemy")
NETWORKED = (*DATABASES, "sftp", "s3", "http")
COUNT = "select count(*) from gifts"


def count(engine: Any) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(COUNT).scalar_one())


def failed(answer: dict[str, Any]) -> tuple[str, str]:
    """The step that failed, and its words; no secret is in any."""
    said = outcome(answer)
    assert not said["ok"], said
    assert [step["ok"] for step in said["steps"]] == [True] * (len(said["steps"]) - 1) + [False]
    assert not [secret for secret in texts(answer["secrets"]) if secret in str(said)]
    return said["steps"][-1]["name"], said["words"]


@pytest.mark.parametrize("kind", DATABASES)
def test_databases_read_and_write(servers: Servers, kind: str) -> None:
    engine = open_connection(servers.answer(kind))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create table made_by_{kind} (a integer)")
        connection.exec_driver_sql(f"drop table made_by_{kind}")
    assert count(engine) == 3
    engine.dispose()


@pytest.mark.parametrize("kind", DATABASES)
def test_a_login_that_only_reads_cannot_write(servers: Servers, kind: str) -> None:
    engine = open_connection(servers.answer(kind, "reader", read_only=True))
    assert count(engine) == 3
    with engine.connect() as connection:
        # Taken back what our side asked for: what holds is the login.
        connection.exec_driver_sql("rollback")
        connection.exec_driver_sql(
            "set session transaction read write" if kind == "mysql" else "begin read write"
        )
        with pytest.raises(sqlalchemy.exc.SQLAlchemyError, match="denied"):
            connection.exec_driver_sql("insert into gifts values (4, 40)")
    engine.dispose()
    assert count(engine) == 3
    engine.dispose()


@pytest.mark.parametrize("kind", DATABASES)
def test_where_there_is_one_login_reading_is_asked_for(servers: Servers, kind: str) -> None:
    engine = open_connection(servers.answer(kind, read_only=True))
    for _ in range(2):  # the second time the line comes from the pool
        with (
            pytest.raises(sqlalchemy.exc.SQLAlchemyError, match=r"read.only|READ ONLY"),
            engine.begin() as connection,
        ):
            connection.exec_driver_sql("insert into gifts values (4, 40)")
    assert count(engine) == 3
    engine.dispose()


def test_sqlite_is_tried_like_the_others(tmp_path: Path) -> None:
    file = tmp_path / "sales.db"
    with sqlite3.connect(file) as made:
        made.execute("create table gifts (amount)")
    made.close()
    answer = {
        "name": "x",
        "kind": "sqlite",
        "read_only": True,
        "settings": {},
        "secrets": {},
        "place": str(file),
    }
    assert outcome(answer)["words"] == "the file has 1 table"
    file.write_bytes(b"no database" * 100)
    assert failed(answer) == ("right", "the file is no SQLite database")
    assert outcome({**answer, "kind": "folder", "place": str(tmp_path)})["ok"]


def test_s3_from_the_bucket_and_from_a_prefix(servers: Servers) -> None:
    files = open_connection(servers.answer("s3"))
    files.pipe("2026/gifts.csv", b"a\n1\n")
    with files.open("2026/large.bin", "wb") as file:
        for _ in range(12):
            file.write(bytes(1_000_000))
    below = open_connection(servers.answer("s3", "reader", prefix="2026/"))
    assert sorted(below.ls("", detail=False)) == ["gifts.csv", "large.bin"]
    assert below.size("large.bin") == 12_000_000
    with below.open("gifts.csv", "r") as file:
        assert file.read() == "a\n1\n"
    with pytest.raises(OSError, match="Access Denied"):
        below.pipe("never.csv", b"")
    files.rm("2026", recursive=True)
    assert not files.exists("2026/gifts.csv")


def test_sftp_with_a_password_and_with_a_key(servers: Servers) -> None:
    files = open_connection(servers.answer("sftp"))
    files.pipe("in.txt", b"twelve bytes")
    answer = servers.answer("sftp")
    answer["secrets"] = {"private_key": servers.private_key}
    assert open_connection(answer).cat("in.txt") == b"twelve bytes"
    reader = open_connection(servers.answer("sftp", "reader"))
    assert reader.ls("", detail=False) == ["in.txt"]
    with pytest.raises(PermissionError):
        reader.pipe("never.txt", b"")


@pytest.mark.parametrize("kind", ["s3", "sftp"])
def test_files_for_reading_refuse_changes(servers: Servers, kind: str) -> None:
    open_connection(servers.answer(kind)).pipe("held.txt", b"as it was")
    files = open_connection(servers.answer(kind, read_only=True))
    assert files.cat("held.txt") == b"as it was"
    for change in (
        lambda: files.pipe("held.txt", b""),
        lambda: files.open("held.txt", "wb"),
        lambda: files.open("held.txt", mode="r+b"),
        lambda: files.rm("held.txt"),
        lambda: files.mv("held.txt", "else.txt"),
        lambda: files.mkdir("new"),
        lambda: files.put_file(__file__, "new.py"),
    ):
        with pytest.raises(PermissionError, match="only read"):
            change()
    assert files.cat("held.txt") == b"as it was"


def hear(somebody: socket.socket, heard: list[bytes]) -> None:
    """One request, and an answer to it."""
    line = somebody.accept()[0]
    heard.append(line.recv(65536))
    line.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    line.close()


def test_an_api_has_its_token_and_nobody_else_has(servers: Servers) -> None:
    client = open_connection(servers.answer("http"))
    answer = client.get("donors", params={"year": 2026})
    assert answer.json() == {"you": "ada", "path": "/v1/donors?year=2026"}
    token = servers.tokens["ada"]
    assert (
        token not in f"{client.headers!r}{answer.request.headers!r}{answer.request.headers.raw}{vars(client)}"
    )
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        heard: list[bytes] = []
        thread = threading.Thread(target=hear, args=(somebody, heard))
        thread.start()
        to = f"http://127.0.0.1:{somebody.getsockname()[1]}/"
        client.get(f"elsewhere?to={to}", follow_redirects=True)
        thread.join()
    assert b"GET / " in heard[0]
    assert token.encode() not in heard[0]
    other = open_connection(servers.answer("http", header="X-Key", scheme="-"))
    assert other.get("").json()["you"] == "ada"
    reading = open_connection(servers.answer("http", read_only=True))
    with pytest.raises(PermissionError, match="POST is not sent"):
        reading.post("donors", json={})
    for each in (client, other, reading):
        each.close()


def test_what_fsspec_opens_has_its_options(servers: Servers) -> None:
    files = open_connection(servers.answer("fsspec"))
    assert "in.txt" in [Path(name).name for name in files.ls("/srv/files", detail=False)] or files.exists(
        "/srv/files"
    )
    answer = servers.answer("fsspec", read_only=True)
    with pytest.raises(PermissionError, match="only read"):
        open_connection(answer).pipe("/srv/files/never", b"")
    assert outcome(servers.answer("fsspec"))["ok"]


@pytest.mark.parametrize("kind", NETWORKED)
def test_a_test_that_is_well(servers: Servers, kind: str) -> None:
    said = outcome(servers.answer(kind))
    assert said["ok"], said
    assert [step["name"] for step in said["steps"]] == ["name resolves", "port answers", "login", "right"]


@pytest.mark.parametrize("kind", NETWORKED)
def test_a_test_says_which_name_and_which_port_are_wrong(servers: Servers, kind: str) -> None:
    with socket.socket() as held:
        held.bind((servers.host, 0))
        closed = held.getsockname()[1]
        nowhere, unheard = (
            elsewhere(servers.answer(kind), "no-such.invalid", 1),
            elsewhere(servers.answer(kind), servers.host, closed),
        )
        assert failed(nowhere) == ("name resolves", "no machine is known by the name 'no-such.invalid'")
        assert failed(unheard) == ("port answers", f"nothing listens on port {closed} of {servers.host}")


def elsewhere(answer: dict[str, Any], host: str, port: int) -> dict[str, Any]:
    """The same at another place."""
    places = {
        "sqlalchemy": {"url": f"postgresql+psycopg://ada@{host}:{port}/sales"},
        "s3": {"endpoint": f"http://{host}:{port}"},
        "http": {"url": f"http://{host}:{port}/v1"},
    }
    answer["settings"] |= places.get(answer["kind"], {"host": host, "port": port})
    return answer


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("postgresql", "the server does not let 'ada' in"),
        ("mysql", "the server does not let 'ada' in"),
        ("sftp", "does not let 'ada' in"),
        ("s3", "the store does not accept the secret of the key"),
        ("http", "the API does not accept the token (status 401)"),
    ],
)
def test_a_test_says_that_the_login_is_wrong(servers: Servers, kind: str, words: str) -> None:
    answer = servers.answer(kind)
    answer["secrets"] = dict.fromkeys(answer["secrets"], "wrong-secret")
    step, said = failed(answer)
    assert step == "login"
    assert words in said


@pytest.mark.parametrize(
    ("kind", "who", "settings", "words"),
    [
        ("postgresql", "stranger", {}, "'stranger' may not read the only table of 'sales'"),
        ("postgresql", "ada", {"database": "closed"}, "'ada' may not use the database 'closed'"),
        ("postgresql", "ada", {"database": "nothing"}, "there is no database 'nothing' on the server"),
        ("mysql", "stranger", {}, "'stranger' may not use the database 'sales'"),
        ("sftp", "ada", {"path": "/srv/closed"}, "it is not allowed to read there"),
        ("sftp", "ada", {"path": "/srv/nowhere"}, "there is no folder '/srv/nowhere' on the server"),
        (
            "s3",
            "ada",
            {"bucket": "nothing"},
            "there is no bucket 'nothing', or nothing begins with its prefix",
        ),
        ("http", "stranger", {}, "the token is known, but may not read this address (status 403)"),
    ],
)
def test_a_test_says_that_the_right_is_missing(
    servers: Servers, kind: str, who: str, settings: dict[str, Any], words: str
) -> None:
    assert failed(servers.answer(kind, who, **settings)) == ("right", words)


def test_a_server_with_another_key_is_not_trusted(servers: Servers) -> None:
    stranger = public_text(Ed25519PrivateKey.generate())
    with pytest.raises(NightdeskError, match="another key than the one on record"):
        open_connection(servers.answer("sftp", host_key=stranger))
    rsa = f"ssh-rsa {paramiko.RSAKey.generate(2048).get_base64()}"
    for key, words in ((stranger, "another key"), (rsa, "another key"), ("nonsense", "is no key")):
        step, said = failed(servers.answer("sftp", host_key=key))
        assert (step, words in said) == ("login", True), said


def frames(chain: traceback.TracebackException | None) -> list[traceback.FrameSummary]:
    """All but this test's own, of an error and of what it came from."""
    if chain is None:
        return []
    own = [frame for frame in chain.stack if frame.filename != __file__]
    return [*own, *frames(chain.__cause__), *frames(chain.__context__)]


@pytest.mark.parametrize("kind", NETWORKED)
def test_no_error_and_no_object_shows_a_secret(
    servers: Servers, kind: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Also where somebody prints the variables with it, as notebooks do with `%xmode Verbose`."""
    caplog.set_level(logging.DEBUG)
    answer = servers.answer(kind)
    if kind == "http":
        answer = elsewhere(answer, servers.host, 1)  # where nobody listens
    answer["secrets"] = dict.fromkeys(answer["secrets"], f"canary-{kind}-secret")
    secrets = texts(answer["secrets"])
    answer["secrets"] = hidden(answer["secrets"])  # as `connect` does before it opens anything
    told = []
    try:
        made = open_connection(answer)
        told += [repr(made), str(made), repr(getattr(made, "fs", ""))]
        if kind in DATABASES:
            made.connect()
        elif kind == "http":
            made.get("")
        else:
            made.ls("")
    except Exception as error:  # noqa: BLE001 - whatever it is
        chain = traceback.TracebackException.from_exception(error, capture_locals=True)
        told += [str(error), repr(error), *(repr(frame.locals) for frame in frames(chain))]
    else:
        pytest.fail("it worked")
    told += [*capfd.readouterr(), caplog.text]
    assert not [secret for secret in secrets for text in told if secret in text]
    if kind in ("s3", "sftp"):
        with pytest.raises(TypeError, match="not stored"):
            open_connection(servers.answer("s3")).to_json()
        assert servers.store.secret_key.encode() not in pickle.dumps(open_connection(servers.answer("s3")))
