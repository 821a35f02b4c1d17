"""Which login counts, and nightdesk login and logout."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nightdesk.client.address import Address
from nightdesk.client.errors import NoLogin, WrongUsage
from nightdesk.client.login import find_login, save_login

Run = Callable[..., Any]
URL = "http://127.0.0.1:8000/services/nightdesk"
OTHER = "https://other.example/services/nightdesk"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "installed.json"
    path.write_text(json.dumps({"url": URL, "token": "of-the-installation"}))
    monkeypatch.setattr("nightdesk.client.login.installation_file", lambda: str(path))
    return path


def _found(**how: Any) -> tuple[str, str]:
    login = find_login(**how)
    return str(login.address), login.token


def test_the_order(installed: Path, tmp_path: Path) -> None:
    save_login(Address.parse(OTHER), "personal")
    file = tmp_path / "token"
    file.write_text("of-the-file\n")
    hub = {"NIGHTDESK_URL": URL, "JUPYTERHUB_API_TOKEN": "of-the-session"}
    own = {**hub, "NIGHTDESK_TOKEN": "of-the-variable"}
    assert _found(url=OTHER, token_file=str(file), environ=own) == (OTHER, "of-the-file")
    assert _found(environ=own) == (URL, "of-the-variable")
    assert _found(environ=hub) == (URL, "of-the-session")
    assert _found(environ={}) == (URL, "of-the-installation")
    assert _found(token_file=str(file), environ={}) == (URL, "of-the-file")
    assert _found(url=OTHER, environ={}) == (OTHER, "personal")
    installed.unlink()
    assert _found(environ={}) == (OTHER, "personal")


@pytest.mark.usefixtures("installed")
def test_a_token_is_sent_to_no_other_address() -> None:
    session = {"NIGHTDESK_URL": URL, "JUPYTERHUB_API_TOKEN": "t", "NIGHTDESK_TOKEN": "t"}
    with pytest.raises(NoLogin, match=r"no token is known for https://other\.example"):
        find_login(url=OTHER, environ=session)
    with pytest.raises(NoLogin):
        find_login(url=OTHER, environ={"JUPYTERHUB_API_TOKEN": "t"})
    with pytest.raises(NoLogin):
        find_login(environ={"NIGHTDESK_URL": OTHER})


def test_a_token_alone_is_no_login() -> None:
    with pytest.raises(NoLogin, match="no platform is known here"):
        find_login(environ={"NIGHTDESK_TOKEN": "t", "JUPYTERHUB_API_TOKEN": "t"})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": "http://x"}', '{"url": 3, "token": "t"}'])
def test_a_spoilt_file_is_named(installed: Path, text: str) -> None:
    installed.write_text(text)
    with pytest.raises(WrongUsage, match=r"installed\.json"):
        find_login(environ={})


@pytest.mark.parametrize("text", ["", "two words", "t\x00", "é"])
def test_what_is_no_token(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(WrongUsage, match="is not a token"):
        find_login(url=URL, token_file=str(file), environ={})


@pytest.mark.parametrize(
    ("typed", "address", "hub"),
    [
        ("http://127.0.0.1:8000", URL, "/hub"),
        ("http://127.0.0.1:8000/", URL, "/hub"),
        ("HTTP://127.0.0.1:8000/hub/home?next=x#y", URL, "/hub"),
        ("http://127.0.0.1:8000/services/nightdesk/", URL, "/hub"),
        ("http://127.0.0.1:8000/services/nightdesk/runs/abc", URL, "/hub"),
        ("http://127.0.0.1:8000/user/ada/lab", URL, "/hub"),
        (
            "https://Example.org:443/jupyter/hub/",
            "https://example.org/jupyter/services/nightdesk",
            "/jupyter/hub",
        ),
        ("http://[::1]:8000", "http://[::1]:8000/services/nightdesk", "/hub"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example/services/nightdesk", "/hub"),
    ],
)
def test_addresses_that_people_paste(typed: str, address: str, hub: str) -> None:
    completed = Address.complete(typed)
    assert str(completed) == address
    assert completed.hub_path == hub
    assert Address.parse(str(completed)) == completed


@pytest.mark.parametrize(
    "typed",
    [
        "example.org",
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x:0",
        "http://x:99999",
        "http://x:a",
        "http://a b",
    ],
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(WrongUsage, match="is not the address of a platform"):
        Address.complete(typed)


def test_signs_in_with_a_token_from_a_pipe(platform: Any, start: Run, home: Path) -> None:
    import subprocess

    process = start("login", platform.origin, "--json", stdin=subprocess.PIPE)
    out, err = process.communicate("token-ada\n", timeout=20)
    assert process.returncode == 0, err
    path = home / ".config" / "nightdesk" / "login.json"
    assert json.loads(out)["user"]["name"] == "ada"
    assert json.loads(path.read_text()) == {"url": platform.url, "token": "token-ada"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "token-ada" not in out + err


@pytest.mark.usefixtures("home")
def test_signs_in_by_hand(
    platform: Any,
    start: Run,
) -> None:
    ours, theirs = pty.openpty()
    process = start("login", platform.origin, stdin=theirs, start_new_session=True)
    err = ""
    while "not shown" not in err:  # what is typed before the question is thrown away
        err += process.stderr.read(1)
    os.write(ours, b"token-ada\n")
    out, _ = process.communicate(timeout=20)
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0, err
    assert f"{platform.origin}/hub/token" in err
    assert out == f"signed in to {platform.url} as ada\n"


def test_a_token_from_a_file(platform: Any, nightdesk: Run, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "token"
    file.write_text("token-ada\n")
    assert nightdesk("login", platform.origin, "--token-file", file).code == 0
    assert nightdesk("runs", "--json").json == {"runs": []}
    result = nightdesk("logout")
    assert result.code == 0
    assert not (home / ".config" / "nightdesk" / "login.json").exists()
    assert nightdesk("logout", "--json").json == {"removed": None, "still_used": None}


def test_a_wrong_token_is_not_kept(platform: Any, nightdesk: Run, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "token"
    file.write_text("wrong")
    result = nightdesk("login", platform.origin, "--token-file", file)
    assert result.code == 1
    assert "does not accept this token" in result.err
    assert f"{platform.origin}/hub/token" in result.err
    assert not (home / ".config").exists()


def test_something_else_at_the_address(platform: Any, nightdesk: Run, tmp_path: Path) -> None:
    platform.answers = [(404, b"<html>")]
    file = tmp_path / "token"
    file.write_text("token-ada")
    result = nightdesk("login", platform.origin, "--token-file", file)
    assert result.code == 3
    assert "is not Nightdesk" in result.err


def test_says_when_another_login_goes_before(
    installed: Path, platform: Any, nightdesk: Run, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("token-ada")
    result = nightdesk("login", platform.origin, "--token-file", file)
    assert result.code == 0
    assert f"the login from {installed} goes before this one" in result.err
    assert f"the login from {installed} still counts here" in nightdesk("logout").out
