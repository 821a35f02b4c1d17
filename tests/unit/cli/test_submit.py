"""nightdesk submit: what is sent, and what is said."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_sends_the_file_and_what_was_said_about_it(signed_in: Any, nightdesk: Run, notebook: Path) -> None:
    result = nightdesk(
        "submit", notebook, "-p", "year=2026", "-p", "note=a=b c", "--env", "python-data@stable", "--size", "large",
        "--name", "Yearly", "--timeout", "1h30m", "--cell-timeout", "10m", "--retries", "2", "--retry-wait", "0s",
        "--priority", "high", "--key", "k1", "--as", "ben",
    )  # fmt: skip
    assert result.code == 0, result
    form = signed_in.forms[0]
    assert json.loads(form["request"].content) == {
        "file": "analysis.ipynb",
        "name": "Yearly",
        "environment": "python-data@stable",
        "size": "large",
        "parameters": {"year": "2026", "note": "a=b c"},
        "parameters_are_text": True,
        "priority": "high",
        "timeout_seconds": 5400,
        "cell_timeout_seconds": 600,
        "retries": 2,
        "retry_wait_seconds": 0,
        "key": "k1",
        "as": "ben",
    }
    assert form["source"].content == notebook.read_bytes()
    assert set(form) == {"request", "source"}


def test_says_the_id_the_address_and_how_to_follow(signed_in: Any, nightdesk: Run, notebook: Path) -> None:
    result = nightdesk("submit", notebook)
    assert "run run1 is queued: analysis.ipynb" in result.out
    assert f"{signed_in.url}/runs/run1" in result.out
    assert "nightdesk logs run1 -f" in result.out


def test_says_why_it_waits_and_how_long_it_usually_takes(
    signed_in: Any, nightdesk: Run, notebook: Path
) -> None:
    signed_in.keys["k"] = "run1"
    signed_in.add_run(waiting="your limit of 4 is reached; 2 ahead", expected_seconds=64.0)
    result = nightdesk("submit", notebook, "--key", "k")
    assert "  waits   your limit of 4 is reached; 2 ahead\n" in result.out
    assert "  takes   usually 1m 04s\n" in result.out


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--priority", "top", "choose from"),
        ("--cell-timeout", "0s", "'0s' is no time; write 90s, 30m, 2h or 1d"),
        ("--retry-wait", "-1s", "expected one argument"),
        ("--retry-wait", "soon", "'soon' is no time"),
    ],
)
def test_options_that_mean_nothing(
    nightdesk: Run, notebook: Path, option: str, value: str, words: str
) -> None:
    result = nightdesk("submit", notebook, option, value)
    assert result.code == 2
    assert words in result.err


def test_json_is_the_run_and_nothing_else(signed_in: Any, nightdesk: Run, notebook: Path) -> None:
    result = nightdesk("submit", notebook, "--json")
    assert result.json == signed_in.runs["run1"]
    assert result.err == ""


@pytest.mark.parametrize(
    "name",
    [
        "ü 😀 é.ipynb",
        'quo"te.ipynb',
        "new\nline.ipynb",
        "back\\slash.py",
        "a;b=c.py",
        "%22.py",
        "x" * 248 + ".ipynb",
    ],
)
def test_any_file_name_arrives(signed_in: Any, nightdesk: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("{}")
    result = nightdesk("submit", path, "--json")
    assert result.code == 0, result
    assert json.loads(signed_in.forms[0]["request"].content)["file"] == name
    assert signed_in.forms[0]["source"].content == b"{}"
    escaped = name.replace("\n", "%0A").replace('"', "%22")
    assert f'; filename="{escaped}"\r\nContent-Type'.encode() in signed_in.bodies[0]


def test_a_large_file_arrives_whole(signed_in: Any, nightdesk: Run, tmp_path: Path) -> None:
    path = tmp_path / "large.ipynb"
    path.write_bytes(os.urandom(3_000_001))
    assert nightdesk("submit", path).code == 0
    assert signed_in.forms[0]["source"].content == path.read_bytes()


def test_parameters_of_a_file_keep_their_types(
    signed_in: Any, nightdesk: Run, notebook: Path, tmp_path: Path
) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"year": 2026, "regions": ["n", "s"]}')
    nightdesk("submit", notebook, "-P", path)
    request = json.loads(signed_in.forms[0]["request"].content)
    assert request["parameters"] == {"year": 2026, "regions": ["n", "s"]}
    assert request["parameters_are_text"] is False
    nightdesk("submit", notebook, "-P", path, "-p", "year=2025")
    request = json.loads(signed_in.forms[1]["request"].content)
    assert request["parameters"] == {"year": "2025", "regions": ["n", "s"]}
    assert request["parameters_are_text"] is True


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.ipynb"], "there is no file 'missing.ipynb'"),
        (["."], "is a folder"),
        (["{nb}", "-p", "year"], "no NAME=VALUE"),
        (["{nb}", "-p", "=1"], "no NAME=VALUE"),
        (["{nb}", "-p", "a=1", "-p", "a=2"], "given twice"),
        (["{nb}", "-P", "missing.json"], "cannot be read"),
        (["{nb}", "-P", "nan.json"], "NaN is no JSON value"),
        (["{nb}", "-P", "list.json"], "holds no object"),
        (["{nb}", "--timeout", "soon"], "'soon' is no time"),
        (["{nb}", "--retries", "-1"], "--retries"),
        (["{nb}", "--files", "missing"], "there is no folder 'missing'"),
        (["{nb}", "--files", "nan.json"], "is not a folder"),
        (["{nb}", "--wach"], "--wach"),
        ([], "FILE"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_sent(
    signed_in: Any,
    nightdesk: Run,
    notebook: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nan.json").write_text('{"x": NaN}')
    Path("list.json").write_text("[1]")
    result = nightdesk("submit", *[argument.format(nb=notebook) for argument in arguments])
    assert result.code == 2, result
    assert words in result.err
    assert result.out == ""
    assert signed_in.requests == []


@pytest.mark.usefixtures("signed_in")
def test_a_pipe_in_place_of_a_file_is_refused_at_once(nightdesk: Run, tmp_path: Path) -> None:
    path = tmp_path / "pipe.ipynb"
    os.mkfifo(path)
    result = nightdesk("submit", path)
    assert result.code == 2
    assert "not an ordinary file" in result.err


def test_takes_a_folder_along_without_the_file_itself(
    signed_in: Any, nightdesk: Run, notebook: Path, tmp_path: Path
) -> None:
    import io
    import tarfile

    (tmp_path / "data.csv").write_text("a,b\n")
    result = nightdesk("submit", notebook, "--files", tmp_path)
    assert result.code == 0, result
    with tarfile.open(fileobj=io.BytesIO(signed_in.forms[0]["files"].content)) as tar:
        names = tar.getnames()
    assert "data.csv" in names
    assert "analysis.ipynb" not in names
    assert "taking along 1 file, 4 B" in result.err


def test_a_refusal_is_shown_with_its_hint(signed_in: Any, nightdesk: Run, notebook: Path) -> None:
    signed_in.answers = [
        (422, {"error": {"code": "x", "message": "no kernel 'julia'", "hint": "There is python3."}})
    ]
    result = nightdesk("submit", notebook, "--json")
    assert result.code == 1
    assert result.out == ""
    assert result.err == "nightdesk: no kernel 'julia'\n  There is python3.\n"


def test_an_answer_that_was_lost_makes_no_second_run(signed_in: Any, nightdesk: Run, notebook: Path) -> None:
    signed_in.drops = 2
    result = nightdesk("submit", notebook, "--json")
    assert result.code == 0, result
    assert result.json["id"] == "run1"
    assert len(signed_in.forms) == 3
    assert list(signed_in.runs) == ["run1"]


def test_a_platform_that_never_answers_leaves_a_key_to_try_again_with(
    signed_in: Any, nightdesk: Run, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nightdesk.client.sending.time.sleep", lambda _: None)
    signed_in.drops = 9
    result = nightdesk("submit", notebook, "--key", "mine")
    assert result.code == 3
    assert "whether the run was accepted is not known" in result.err
    assert "--key mine" in result.err


def test_out_of_reach_is_3_and_names_the_address(
    nightdesk: Run, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("NIGHTDESK_URL", f"http://127.0.0.1:{port}/services/nightdesk")
    monkeypatch.setenv("NIGHTDESK_TOKEN", "x")
    result = nightdesk("submit", notebook)
    assert result.code == 3
    assert f"http://127.0.0.1:{port}/services/nightdesk is out of reach: connection refused" in result.err


def test_a_large_body_that_is_refused_early_gets_the_platforms_words(tmp_path: Path) -> None:
    """The server answers 413 after the head and hangs up: its words count, not the broken pipe."""
    import threading

    from nightdesk.client import Client, Login, Refused
    from nightdesk.client.address import Address

    body = b'{"error":{"code":"too_large","message":"too large","hint":null}}'
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.recv(1000)
                line.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                line.shutdown(socket.SHUT_WR)
                line.settimeout(0.3)
                with contextlib.suppress(TimeoutError):
                    line.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        large = tmp_path / "large.py"
        large.write_bytes(bytes(30_000_000))
        login = Login(
            Address.parse(f"http://127.0.0.1:{server.getsockname()[1]}/services/nightdesk"), "t", "test"
        )
        with Client(login) as client, pytest.raises(Refused, match="too large"):
            client.submit(large)
        thread.join()


def test_in_a_session_the_environment_is_the_sessions_own(
    signed_in: Any, nightdesk: Run, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTDESK_ENVIRONMENT", "python-data")
    monkeypatch.setenv("NIGHTDESK_VERSION", "2026.10.1")
    assert nightdesk("submit", notebook).code == 0
    assert nightdesk("submit", notebook, "--env", "python-data@stable").code == 0
    sent = [json.loads(form["request"].content)["environment"] for form in signed_in.forms]
    assert sent == ["python-data:2026.10.1", "python-data@stable"]


def test_outputs_of_other_runs_come_along(signed_in: Any, nightdesk: Any, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    file = str(tmp_path / "a.ipynb")
    assert (
        nightdesk("submit", file, "--input", "data.csv=run1/a/b=c.csv", "--input", "run2/plots/x.png").code
        == 0
    )
    request = json.loads(signed_in.forms[-1]["request"].content)
    assert request["inputs"] == [
        {"name": "data.csv", "run": "run1", "output": "a/b=c.csv"},
        {"name": "x.png", "run": "run2", "output": "plots/x.png"},
    ]
    for wrong in ("data.csv", "data.csv=run1", "=run1/x", "data.csv=/x", "run1/"):
        result = nightdesk("submit", file, "--input", wrong)
        assert (result.code, "is no NAME=RUN/OUTPUT" in result.err) == (2, True), wrong
