"""The admin's token for the command line: kept while it works, renewed when not, never shown."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import admin_token
import pytest

SETUP = "s" * 64


@dataclass
class Hub:
    """A platform's two addresses that matter here, in memory."""

    address: str = ""
    valid: set[str] = field(default_factory=set)
    made: list[str] = field(default_factory=list)
    broken: bool = False

    def answer(self, method: str, path: str, token: str) -> tuple[int, dict[str, Any]]:
        if self.broken:
            return 503, {"message": "the hub is starting"}
        if (method, path) == ("POST", "/hub/api/users/admin/tokens"):
            if token != SETUP:
                return 403, {"message": "Forbidden"}
            self.made.append(f"made-{len(self.made)}")
            self.valid.add(self.made[-1])
            return 201, {"token": self.made[-1]}
        if (method, path) == ("GET", "/services/nightdesk/api/v1/user"):
            if token not in self.valid:
                return 401, {"error": {"code": "unauthorized", "message": "no such token", "hint": None}}
            return 200, {"name": "admin", "admin": True, "groups": []}
        return 404, {}


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers["Authorization"].removeprefix("Bearer ")
            status, body = state.answer(self.command, self.path, token)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = respond

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def arguments(hub: Hub, tmp_path: Path) -> list[str]:
    settings = tmp_path / ".env"
    settings.write_text(f"NIGHTDESK_SETUP_TOKEN={SETUP}\n")
    return [
        "--address",
        hub.address,
        "--settings",
        str(settings),
        "--login",
        str(tmp_path / "etc/login.json"),
    ]


def test_a_token_is_made_and_only_its_owner_can_read_it(
    hub: Hub, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert admin_token.main(arguments) == 0
    login = tmp_path / "etc/login.json"
    assert json.loads(login.read_text()) == {"url": f"{hub.address}/services/nightdesk", "token": "made-0"}
    assert stat.S_IMODE(login.stat().st_mode) == 0o600
    said = "".join(capsys.readouterr())
    assert "made-0" not in said
    assert SETUP not in said


def test_one_that_works_is_kept(hub: Hub, arguments: list[str]) -> None:
    assert admin_token.main(arguments) == 0
    assert admin_token.main(arguments) == 0
    assert hub.made == ["made-0"]


def test_one_that_does_not_is_replaced(hub: Hub, arguments: list[str]) -> None:
    assert admin_token.main(arguments) == 0
    hub.valid.clear()
    assert admin_token.main(arguments) == 0
    assert hub.made == ["made-0", "made-1"]


def test_a_file_of_another_platform_is_replaced(hub: Hub, arguments: list[str], tmp_path: Path) -> None:
    login = tmp_path / "etc/login.json"
    login.parent.mkdir()
    login.write_text(json.dumps({"url": "http://127.0.0.1:1/services/nightdesk", "token": "made-0"}))
    assert admin_token.main(arguments) == 0
    assert hub.made == ["made-0"]
    assert json.loads(login.read_text())["url"].startswith(hub.address)


def test_a_platform_in_trouble_is_named_and_the_file_stays(
    hub: Hub, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert admin_token.main(arguments) == 0
    before = (tmp_path / "etc/login.json").read_text()
    hub.broken = True
    assert admin_token.main(arguments) == 1
    assert "the hub is starting (HTTP 503)" in capsys.readouterr().err
    assert (tmp_path / "etc/login.json").read_text() == before


def test_a_wrong_setup_token_is_refused_in_words(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("NIGHTDESK_SETUP_TOKEN=wrong\n")
    assert admin_token.main(arguments) == 1
    assert "Forbidden (HTTP 403)" in capsys.readouterr().err
