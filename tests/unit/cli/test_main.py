"""What holds for every command: exit codes, --json, help, and no stack traces."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nightdesk.cli.arguments import COMMANDS, build

Run = Callable[..., Any]


def commands(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its parser, those of commands among them."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield (*path, name), command
                yield from commands(command, (*path, name))


ALL = list(commands(build()))


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=" ".join)
def test_help_teaches_by_example(nightdesk: Run, path: tuple[str, ...]) -> None:
    result = nightdesk(*path, "--help")
    assert result.code == 0
    examples = result.out.partition("examples:\n")[2]
    assert f"nightdesk {path[0]}" in examples
    for option in ("--json", "--url URL", "--token-file FILE"):
        assert option in result.out
    assert all(len(line) <= 100 for line in result.out.splitlines())


@pytest.mark.parametrize("command", [*COMMANDS, "--help"])
def test_the_manual_names_every_command_and_option(command: str) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
    for path, parser in ALL:
        if path[0] != command:
            continue
        assert f"nightdesk {' '.join(path)}" in manual
        section = manual.partition(f"\n## nightdesk {path[0]}\n")[2].partition("\n## ")[0]
        for action in parser._actions:
            for option in action.option_strings:
                if option not in ("-h", "--help", "--json", "--url", "--token-file"):
                    assert f"`{option}" in section, f"{path}: {option}"
    for option in ("`--json`", "`--url", "`--token-file"):
        assert option in manual


def test_without_a_command_the_help_is_shown(nightdesk: Run) -> None:
    result = nightdesk()
    assert result.code == 2
    assert "examples:" in result.err
    assert result.out == ""


def test_a_command_that_there_is_not(nightdesk: Run) -> None:
    result = nightdesk("sumbit", "x.ipynb")
    assert result.code == 2
    assert "'sumbit'" in result.err
    assert "submit" in result.err


def test_json_may_stand_anywhere(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run()
    for order in (["--json", "show", "run1"], ["show", "--json", "run1"], ["show", "run1", "--json"]):
        assert nightdesk(*order).json["id"] == "run1"


def test_no_login_says_how_to_sign_in(nightdesk: Run) -> None:
    result = nightdesk("runs", "--json")
    assert result.code == 2
    assert result.out == ""
    assert result.err == "nightdesk: no platform is known here\n  Sign in with: nightdesk login URL\n"


def test_a_token_that_is_not_accepted(
    signed_in: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTDESK_TOKEN", "secret-but-wrong")
    result = nightdesk("runs")
    assert result.code == 1
    assert "(the token is from NIGHTDESK_TOKEN)" in result.err
    assert f"sign in: nightdesk login {signed_in.url}" in result.err
    assert "secret-but-wrong" not in result.err


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ((500, b"oops"), 1, "status 500"),
        ((403, {"error": {"code": "no", "message": "not yours", "hint": None}}), 1, "not yours"),
        ((429, {"error": {"code": "quota", "message": "too many runs", "hint": "wait"}}), 1, "too many runs"),
        ((503, b"<html>"), 3, "is not ready"),
        (
            (503, {"error": {"code": "x", "message": "the database is away", "hint": "wait"}}),
            3,
            "the database is away",
        ),
        ((404, b"<html>"), 3, "is not Nightdesk"),
        ((200, b"<html>"), 3, "is not Nightdesk"),
        ((302, b""), 3, "https://elsewhere.example/"),
        ((400, {"message": "from the hub", "status": 400}), 1, "from the hub"),
        (
            (400, {"error": {"code": "x", "message": "evil \x1b[2J", "hint": "two\nlines"}}),
            1,
            "evil \\x1b[2J",
        ),
    ],
)
def test_what_the_platform_answers(
    signed_in: Any, nightdesk: Run, answer: Any, code: int, words: str
) -> None:
    signed_in.answers = [answer]
    result = nightdesk("runs", "--json")
    assert result.code == code, result
    assert words in result.err
    assert result.out == ""
    assert "Traceback" not in result.err


@pytest.mark.usefixtures("signed_in")
def test_a_fault_of_our_own_says_how_to_report_it(nightdesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr("nightdesk.client.platform.Client.runs", broken)
    result = nightdesk("runs")
    assert result.code == 1
    assert "a fault of nightdesk itself (RuntimeError: oops)" in result.err
    assert "NIGHTDESK_DEBUG=1" in result.err
    assert "Traceback" not in result.err
    monkeypatch.setenv("NIGHTDESK_DEBUG", "1")
    assert "Traceback" in nightdesk("runs").err


@pytest.mark.usefixtures("signed_in")
def test_ctrl_c_is_quiet(nightdesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nightdesk.client.platform.Client.runs", pressed)
    result = nightdesk("runs")
    assert (result.code, result.err) == (1, "nightdesk: stopped\n")


def test_a_full_disk_is_no_fault_of_ours(start: Run, signed_in: Any) -> None:
    signed_in.add_run()
    with Path("/dev/full").open("w") as full:
        process = start("runs", stdout=full)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "no space left on device" in err
    assert "Traceback" not in err


def test_a_reader_who_has_had_enough_is_no_error(signed_in: Any, start: Run) -> None:
    for number in range(3):
        signed_in.add_run(f"run{number}", name="n" * 60_000)
    process = start("runs", "--json")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(10) == 1


def test_text_that_the_terminal_cannot_show(signed_in: Any, start: Run) -> None:
    signed_in.add_run(name="é 😀")
    out, err = start("show", "run1", env={"PYTHONIOENCODING": "ascii"}).communicate(timeout=20)
    assert out.startswith("? ?")
    assert err == ""


def test_version(nightdesk: Run) -> None:
    result = nightdesk("version", "--json")
    assert nightdesk("version").out == f"nightdesk {result.json['version']}\n"


def test_several_commands_at_a_time(signed_in: Any, start: Run) -> None:
    signed_in.add_run()
    processes = [start("show", "run1", "--json") for _ in range(3)]
    threads = [threading.Thread(target=process.wait, args=(20,)) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.returncode for process in processes] == [0, 0, 0]
