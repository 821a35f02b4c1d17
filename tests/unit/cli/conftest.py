"""What the tests of the client and the command share: a platform over real HTTP, and ways to run the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nightdesk.cli import main
from nightdesk.client.address import Address
from nightdesk.client.http import Connection
from nightdesk.client.login import Login
from nightdesk.client.platform import Client

from .line_double import Answer, Serve, Server
from .platform_double import Platform


class Result:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)

    def __repr__(self) -> str:
        return f"<exit {self.code}\nstdout: {self.out}\nstderr: {self.err}>"


@pytest.fixture
def platform() -> Iterator[Platform]:
    made = Platform()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own and a bare environment, so that nobody's sign-in is used or changed."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (
        *("NIGHTDESK_URL", "NIGHTDESK_TOKEN", "JUPYTERHUB_API_TOKEN", "NIGHTDESK_DEBUG", "NO_COLOR"),
        *("NIGHTDESK_ENVIRONMENT", "NIGHTDESK_VERSION"),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        "nightdesk.client.login.installation_file", lambda: str(tmp_path / "none" / "login.json")
    )
    return home


@pytest.fixture
def signed_in(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform that the environment's variables lead to, as ada."""
    monkeypatch.setenv("NIGHTDESK_URL", platform.url)
    monkeypatch.setenv("NIGHTDESK_TOKEN", "token-ada")
    return platform


@pytest.fixture
def admin(signed_in: Platform) -> Platform:
    signed_in.users["token-ada"]["admin"] = True
    return signed_in


@pytest.fixture
def client(platform: Platform) -> Iterator[Client]:
    with Client(Login(Address.parse(platform.url), "token-ada", "the test")) as made:
        yield made


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server of the given answers; it, and a connection to it."""
    opened: list[tuple[Server, Connection]] = []

    def start(*connections: list[Answer]) -> tuple[Server, Connection]:
        server = Server(*connections)
        opened.append(
            (server, Connection(Address.parse(f"http://127.0.0.1:{server.port}/services/nightdesk")))
        )
        return opened[-1]

    yield start
    for server, connection in opened:
        connection.close()
        server.close()


@pytest.fixture
def nightdesk(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """The command, in this process."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit:
            code = int(exit.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """The command as a process of its own, which is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: object, **how: Any) -> subprocess.Popen[str]:
        # Where the tests were started in the background Ctrl-C is ignored, which a process would inherit.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            [sys.executable, "-m", "nightdesk", *map(str, arguments)],
            stdin=how.pop("stdin", subprocess.DEVNULL),
            stdout=how.pop("stdout", subprocess.PIPE),
            stderr=how.pop("stderr", subprocess.PIPE),
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "", **how.pop("env", {})},
            **how,
        )
        signal.signal(signal.SIGINT, before)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "analysis.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}))
    return path
