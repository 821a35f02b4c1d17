"""What code prints: endless, without an end of line, not text, made for a terminal. Nothing of it stops a run."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Callable

import pytest

from ..support.notebooks import printed
from ..support.people import NIGHTDESK, Person
from ..support.platform import RUN_LOG_BYTES
from .conftest import Ended

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
DRIVES_A_TERMINAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
MARKER = re.compile(r"\[nightdesk: [^]]*\]")


@pytest.mark.case(12)
def test_endless_printing_is_cut_per_cell_and_run_and_the_run_goes_on(ended: Ended, got: Say) -> None:
    run = ended.succeeded("loud")
    assert ended.output("loud", "after.txt") == b"after"
    log = ended.log("loud")
    assert len(log) < RUN_LOG_BYTES + 10_000
    in_cell, *_, in_run = MARKER.findall(log)
    assert in_cell == "[nightdesk: cut after 1,048,576 bytes of printed output in this cell; the run goes on]"
    assert "in this run" in in_run
    kept = printed(ended.output("loud", "notebook.ipynb"))
    assert in_cell in kept
    assert in_run in kept
    got(f"{run['status']}; {in_cell}")


@pytest.mark.case(13)
def test_a_line_of_50_mb_is_cut(ended: Ended, got: Say) -> None:
    run = ended.succeeded("long line")
    assert ended.output("long line", "after.txt") == b"after"
    log = ended.log("long line")
    assert len(log) < 110_000
    (marker,) = MARKER.findall(log)
    assert marker in printed(ended.output("long line", "notebook.ipynb"))
    got(f"{run['status']}; {marker}")


@pytest.mark.case(15)
def test_bytes_that_are_no_text_become_replacement_characters(ended: Ended, got: Say) -> None:
    ended.succeeded("bytes")
    log = ended.log("bytes")
    assert "raw \ufffd\ufffd end\n" in log
    assert "child \ufffd\ufffd end\n" in log
    assert "raw \ufffd\ufffd end\n" in printed(ended.output("bytes", "notebook.ipynb"))
    ended.output("bytes", "log.txt").decode("utf-8")
    got("raw \\xff\\xfe → raw \ufffd\ufffd, in the log and the notebook")


@pytest.mark.case(15)
def test_a_script_may_print_any_bytes_too(ended: Ended) -> None:
    ended.succeeded("bytes of a script")
    log = ended.log("bytes of a script")
    assert "after" in log
    assert "\ufffd" in log
    assert ended.output("bytes of a script", "log.txt").decode("utf-8") == log


@pytest.mark.case(16)
def test_of_what_drives_a_terminal_the_log_keeps_colours_alone(ended: Ended, got: Say) -> None:
    ended.succeeded("escapes")
    for log in (ended.log("escapes"), ended.output("escapes", "log.txt").decode()):
        assert "\x1b[31mred\x1b[0m \x1b[1;38;5;46mgreen\x1b[m plain\n" in log
        assert "a link moved  bell\n" in log
        assert "clipboard" in log
        assert "whole\nafter\n" in log
        assert not DRIVES_A_TERMINAL.search(COLOUR.sub("", log))
        for gone in ("a title", "example.org", "Y2xpcGJvYXJk", "in pieces", "without an end"):
            assert gone not in log
    got(
        "colours kept; titles, links, the clipboard, moves and bells taken out, also when they come in pieces"
    )


@pytest.mark.case(16)
def test_the_command_shows_colours_alone_and_those_on_a_terminal_only(ended: Ended, eve: Person) -> None:
    run = ended.succeeded("escapes")
    piped = eve.command("logs", run["id"])
    assert piped.returncode == 0, piped.stderr
    assert "red green plain" in piped.stdout
    assert "\x1b" not in piped.stdout
    shown = on_a_terminal(eve, "logs", run["id"])
    assert "\x1b[31mred\x1b[0m" in shown
    assert not DRIVES_A_TERMINAL.search(COLOUR.sub("", shown))


def on_a_terminal(person: Person, *arguments: str) -> str:
    """What a command prints to somebody who looks at it."""
    ours, theirs = pty.openpty()
    environment = {**person.environment(), "TERM": "xterm-256color"}
    del environment["NO_COLOR"]
    process = subprocess.Popen(
        [NIGHTDESK, *arguments], env=environment, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 0, shown
    return shown.decode()
