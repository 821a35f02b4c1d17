"""Trying a connection, as far as it takes no server: what is missing, what does not answer, what is no answer at all."""

from __future__ import annotations

import importlib
import json
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from nightdesk.connecting import open_connection, outcome, probing
from nightdesk.connecting.hidden import Hidden, hidden, texts
from nightdesk.connecting.problem import ConnectionProblem, DriverMissing


def answer(kind: str, secrets: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return {
        "name": "x",
        "kind": kind,
        "read_only": False,
        "place": None,
        "settings": settings,
        "secrets": secrets or {},
    }


def database(host: str, port: int) -> dict[str, Any]:
    return answer("postgresql", {"password": "pw-canary"}, host=host, port=port, database="d", user="u")


def test_the_first_step_that_fails_is_the_last() -> None:
    said = outcome(database("no-such.invalid", 5432))
    assert [(step["name"], step["ok"]) for step in said["steps"]] == [("name resolves", False)]
    assert said["words"] == "no machine is known by the name 'no-such.invalid'"
    assert "Check the spelling" in said["hint"]
    assert not said["ok"]


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "STEP_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        said = outcome(database("127.0.0.1", silent.getsockname()[1]))
    assert time.monotonic() - began < 8
    assert said["steps"][-1] == {"name": "login", "ok": False, "words": "no answer within 0.5 s"}


def test_something_else_that_answers_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer_all() -> None:
            for _ in range(2):
                line = other.accept()[0]
                line.sendall(b"HTTP/1.0 400 what?\r\n\r\n")
                line.close()

        threading.Thread(target=answer_all, daemon=True).start()
        said = outcome(database("127.0.0.1", other.getsockname()[1]))
    assert (said["ok"], said["steps"][-1]["name"]) == (False, "login")
    assert said["words"]


@pytest.mark.parametrize(
    ("module", "kind", "package"),
    [
        ("psycopg", "postgresql", "psycopg[binary]"),
        ("pymysql", "mysql", "pymysql"),
        ("pyarrow.fs", "s3", "pyarrow"),
        ("paramiko", "sftp", "paramiko"),
        ("httpx", "http", "httpx"),
    ],
)
def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, kind: str, package: str
) -> None:
    real = importlib.import_module

    def without(name: str, *more: Any) -> Any:
        if name == module:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *more)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(DriverMissing) as caught:
        open_connection(answer(kind, host="h", bucket="b", access_key="a"))
    assert f"the package '{package}' is not in it" in caught.value.message
    assert f"'{package}' in its list of packages" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (answer("sqlalchemy", url="oracle+oracledb:///c"), "the package 'oracledb' is not in it"),
        (answer("sqlalchemy", url="duckdb:///x.db"), "the package 'duckdb-engine' is not in it"),
        (answer("sqlalchemy", url="nonsense"), "is none that SQLAlchemy knows"),
        (answer("fsspec", protocol="gcs"), "the package 'gcsfs' is not in it"),
        (answer("fsspec", protocol="nonsense"), "fsspec knows no protocol 'nonsense'"),
        (answer("carrier pigeon"), "knows no connections of kind 'carrier pigeon'"),
        (answer("sqlite"), "is not mounted here"),
    ],
)
def test_what_cannot_be_opened_is_said_before_anything_is_asked(made: dict[str, Any], words: str) -> None:
    with pytest.raises(ConnectionProblem, match=words):
        open_connection(made)
    assert words in outcome(made)["words"]


def test_the_program_reads_an_answer_and_prints_what_came_out() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        given = database("127.0.0.1", closed.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "nightdesk.connecting"],
            input=json.dumps(given).encode(),
            capture_output=True,
            check=True,
            timeout=30,
        )
    said = json.loads(done.stdout)
    assert said["steps"][-1]["name"] == "port answers"
    assert b"pw-canary" not in done.stdout + done.stderr


def test_hidden_text_is_text_that_does_not_show() -> None:
    secret = hidden({"a": "s3cret", "b": ["t0ken", 5, {"c": "d33p"}]})
    assert "s3cret" not in repr(secret) + str(secret)
    assert secret["a"] == "s3cret"
    assert f"{secret['a']}" == "s3cret"
    assert isinstance(secret["b"][0], Hidden)
    assert texts(secret) == ["s3cret", "t0ken", "d33p"]
