"""nightdesk logs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from nightdesk.cli.logtext import LogLines
from nightdesk.cli.terminal import clean_line, plain

from .terminals import on_a_terminal, screen

Run = Callable[..., Any]


def test_prints_what_there_is(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run()
    signed_in.log("one\n")
    signed_in.log("two é 😀")
    result = nightdesk("logs", "run1")
    assert result.code == 0
    assert result.out == "one\ntwo é 😀\n"


def test_follows_to_the_end(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run()
    signed_in.log("one\n")
    threading.Timer(
        0.2, lambda: (signed_in.log("two\n", stream="stderr"), signed_in.finish("failed", reason="bad"))
    ).start()
    result = nightdesk("logs", "run1", "-f")
    assert result.code == 0
    assert result.out == "one\ntwo\n"
    assert result.err == "queued\nfailed: bad\n"


def test_of_an_earlier_attempt(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run(attempt=2)
    signed_in.log("second\n")
    signed_in.earlier["1", "log.txt"] = b"first\n"
    assert nightdesk("logs", "run1", "--attempt", "1").out == "first\n"
    assert nightdesk("logs", "run1", "--attempt", "1", "--json").json["log"] == "first\n"
    assert nightdesk("logs", "run1", "--attempt", "7").err == "nightdesk: the run has no attempt 7\n"
    assert nightdesk("logs", "run1", "--attempt", "0").code == 2
    assert nightdesk("logs", "run1", "--attempt", "1", "-f").code == 2, "what is over cannot be followed"


def test_on_a_terminal_a_line_below_the_log_says_how_far_it_is(signed_in: Any, start: Run) -> None:
    signed_in.add_run(waiting="waiting for a slot: 3 ahead")
    with on_a_terminal(start, "logs", "run1", "-f") as terminal:
        terminal.read_until("queued · waiting for a slot: 3 ahead")
        signed_in.change(
            status="running",
            waiting=None,
            progress={"cell": 2, "cells": 3},
            elapsed_seconds=41.0,
            expected_seconds=640.0,
        )
        terminal.read_until("running · cell 2 of 3 · 41s · about 10 min left")
        signed_in.log("hello\n")
        signed_in.finish("failed", reason="bad")
        seen = terminal.read_to_the_end()
    assert screen(seen) == ["hello", "failed: bad"]


@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_json(signed_in: Any, nightdesk: Run, follow: list[str]) -> None:
    signed_in.add_run()
    signed_in.log("a\x1b[2J\n")
    signed_in.finish()
    result = nightdesk("logs", "run1", "--json", *follow)
    assert result.json["log"] == "a\x1b[2J\n"
    assert result.json["run"]["status"] == "succeeded"
    assert "\x1b" not in result.out


@pytest.mark.usefixtures("signed_in")
def test_an_unknown_run(nightdesk: Run) -> None:
    for command in (["logs", "nope"], ["logs", "nope", "-f"]):
        result = nightdesk(*command)
        assert result.code == 1
        assert result.err == "nightdesk: there is no run 'nope'\n  `nightdesk runs` lists them.\n"


def test_into_a_pipe_go_no_escapes(signed_in: Any, nightdesk: Run) -> None:
    signed_in.add_run()
    signed_in.log("\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\x1b[5;5Hthere\x9b31m\x08\n")
    assert nightdesk("logs", "run1").out == "red there31m\n"


@pytest.mark.parametrize(
    ("line", "coloured"),
    [
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m\x1b[0m"),
        ("a\x1b[2Jb\x1b[10;10Hc\x1b[?25l", "abc"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;aGk=\x07x", "x"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("\x1b(0lq\x1bc", "lq"),
        ("tab\tstays \x00\x07\x7f", "tab\tstays "),
        ("cut off \x1b[", "cut off "),
        ("ends with \x1b", "ends with "),
        ("é 😀 \u202e", "é 😀 \u202e"),
    ],
)
def test_of_all_sequences_only_colours_stay(line: str, coloured: str) -> None:
    assert clean_line(line, coloured=True) == coloured
    assert "\x1b" not in clean_line(line, coloured=False)


def test_names_are_shown_not_obeyed() -> None:
    assert plain("a\nb\x1b[2J\u202ec") == "a\\nb\\x1b[2J\\u202ec"
    assert plain("👩\u200d🔬 é") == "👩\u200d🔬 é"


def test_lines_are_put_together_by_stream() -> None:
    lines = LogLines(coloured=False)
    assert lines.feed("stdout", "one ") == ""
    assert lines.feed("stderr", "warning\n") == "warning\n"
    assert lines.feed("stdout", "two\nthree") == "one two\n"
    assert lines.rest() == "three\n"
    assert lines.rest() == ""


def test_of_a_progress_bar_the_last_state_stays() -> None:
    lines = LogLines(coloured=False)
    out = lines.feed("stderr", "\r 10%")
    for percent in range(20, 101, 10):
        out += lines.feed("stderr", f"\r {percent}%")
    out += lines.feed("stderr", "\n")
    assert out == " 100%\n"
    assert lines.feed("stdout", "dos line\r") + lines.feed("stdout", "\n") == "dos line\n"
    assert lines.feed("stdout", "a\rb\r\n") == "b\n"


def test_a_line_without_end_is_not_kept_for_ever() -> None:
    lines = LogLines(coloured=False)
    out = "".join(lines.feed("stdout", "x" * 10_000) for _ in range(30))
    assert len(out) > 200_000
