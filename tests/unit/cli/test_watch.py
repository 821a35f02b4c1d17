"""submit --watch: what is shown while a run goes on, and how it ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nightdesk.cli.progress import Display, LiveDisplay

from .terminals import on_a_terminal, screen

Run = Callable[..., Any]


def _life(platform: Any, status: str = "succeeded", **ending: Any) -> None:
    """What happens to the next run that is submitted, in a thread of its own."""

    def live() -> None:
        deadline = time.monotonic() + 10
        while "run1" not in platform.runs and time.monotonic() < deadline:
            time.sleep(0.005)
        platform.change(status="running", progress={"cell": 1, "cells": 3})
        platform.log("hello\n")
        platform.change(progress={"cell": 2, "cells": 3})
        platform.log("wor")
        platform.log("ld\n")
        platform.put_output("notebook.ipynb", b"x" * 3400)
        platform.finish(status, **ending)

    threading.Thread(target=live, daemon=True).start()


def test_a_run_that_succeeds_is_0(signed_in: Any, nightdesk: Run, notebook: Path) -> None:
    _life(signed_in)
    result = nightdesk("submit", notebook, "--watch")
    assert result.code == 0, result
    assert "hello\nrunning · cell 2 of 3\nworld\n" in result.err
    assert "ok analysis.ipynb succeeded in 1m 04s" in result.out.replace("✓", "ok")
    assert "notebook.ipynb (3.4 kB)" in result.out
    assert f"{signed_in.url}/runs/run1" in result.out


def test_a_run_that_fails_is_1_and_says_why(signed_in: Any, nightdesk: Run, notebook: Path) -> None:
    error = {"type": "ValueError", "message": "no column 'x'\nmore", "cell": 2}
    _life(signed_in, "failed", reason="the code of cell 2 raised an error", error=error)
    result = nightdesk("submit", notebook, "--watch")
    assert result.code == 1
    assert "failed after 1m 04s" in result.out
    assert "the code of cell 2 raised an error" in result.out
    assert "ValueError: no column 'x' (cell 2)" in result.out


def test_the_cell_that_failed_is_shown_and_the_log_not_twice(
    signed_in: Any, nightdesk: Run, notebook: Path
) -> None:
    cell = {"number": 2, "source": "frame['x']", "lines": 1}
    signed_in.failures["run1"] = {"reason": "bad", "error": None, "cell": cell, "log": "hello"}
    _life(signed_in, "failed", reason="bad")
    result = nightdesk("submit", notebook, "--watch")
    assert result.code == 1
    assert "  cell 2\n    frame['x']\n" in result.out
    assert "hello" not in result.out
    assert "more line" not in result.out


@pytest.mark.parametrize("status", ["failed", "cancelled", "timed_out", "lost"])
def test_json_is_the_run_as_it_ended(signed_in: Any, nightdesk: Run, notebook: Path, status: str) -> None:
    _life(signed_in, status)
    result = nightdesk("submit", notebook, "--watch", "--json")
    assert result.code == 1
    assert result.json["status"] == status


def test_a_broken_line_is_mentioned_and_made_good(
    signed_in: Any, nightdesk: Run, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nightdesk.cli.progress._LOST_AFTER", 0.05)
    signed_in.cuts = [900]
    _life(signed_in)
    calls = 0
    original = signed_in.wait_for

    def away_once(*how: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            signed_in.answers = [(503, b"")] * 3
        return bool(original(*how))

    monkeypatch.setattr(signed_in, "wait_for", away_once)
    result = nightdesk("submit", notebook, "--watch")
    assert result.code == 0, result
    assert "connection lost, trying again… (the run is not affected)\nconnected again\n" in result.err
    assert result.err.count("hello\n") == 1


def test_ctrl_c_leaves_the_run_alone(signed_in: Any, start: Run, notebook: Path) -> None:
    process = start("submit", notebook, "--watch", "--json")
    deadline = time.monotonic() + 60
    while not any("/events" in path for _, path, _ in signed_in.requests) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the run goes on" in err
    assert "nightdesk logs run1 -f" in err
    assert "nightdesk cancel run1" in err
    assert '"status": "queued"' in out
    assert not any("cancel" in path for _, path, _ in signed_in.requests)


def test_losing_ones_rights_while_watching_says_that_the_run_goes_on(
    signed_in: Any, nightdesk: Run, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revoked(*_: Any) -> bool:
        signed_in.users.clear()
        return False

    signed_in.cuts = [900]
    monkeypatch.setattr(signed_in, "wait_for", revoked)
    result = nightdesk("submit", notebook, "--watch", "--json")
    assert result.code == 1
    assert result.out == ""
    assert "the run goes on" in result.err
    assert "sign in: nightdesk login" in result.err


def test_the_bar_on_a_terminal_leaves_only_the_output(signed_in: Any, start: Run, notebook: Path) -> None:
    _life(signed_in)
    with on_a_terminal(start, "submit", str(notebook), "--watch") as terminal:
        seen = terminal.read_to_the_end()
    assert terminal.process.returncode == 0
    assert "cell 2 of 3" in seen
    assert "░" in seen
    shown = screen(seen)
    assert shown[1:3] == ["hello", "world"], seen
    assert shown[3].startswith("✓"), seen
    assert "\x1b[2J" not in seen


class _Terminal:
    """Remembers single writes."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.writes: list[str] = []

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError

    def write(self, text: str) -> None:
        self.writes.append(text)

    def flush(self) -> None:
        pass


def test_redraws_only_what_changed_and_in_one_write(platform: Any) -> None:
    terminal: Any = _Terminal()
    shown = LiveDisplay(terminal)
    run: Any = platform.add_run(status="running", progress={"cell": 2, "cells": 3})
    shown.run(run)
    count = len(terminal.writes)
    shown.run(run)
    shown.waiting(0.0)
    assert len(terminal.writes) == count
    shown.log({"stream": "stdout", "cell": 1, "text": "out\n"})
    assert len(terminal.writes) == count + 1
    assert terminal.writes[-1].startswith("\rout\x1b[K\n")
    shown.close()
    assert terminal.writes[-1] == "\r\x1b[K"


def test_no_color_means_none(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal: Any = _Terminal()
    shown = LiveDisplay(terminal)
    shown.run(platform.add_run(status="running", progress={"cell": 2, "cells": 3}))
    shown.log({"stream": "stdout", "cell": 1, "text": "\x1b[31mred\x1b[0m\n"})
    assert "\x1b[3" not in "".join(terminal.writes)
    assert "red" in terminal.writes[-1]


def test_the_bar_fits_a_narrow_terminal(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nightdesk.cli.progress.width", lambda _: 20)
    terminal: Any = _Terminal()
    run: Any = platform.add_run(status="queued", waiting="all slots are busy with other people's runs")
    LiveDisplay(terminal).run(run)
    assert len(terminal.writes[0]) <= 20 + len("\r\x1b[K")


def test_a_queue_that_only_moves_up_is_no_news_for_a_while(
    platform: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    shown = Display(sys.stderr)
    for ahead in range(30, 20, -1):
        shown.run(platform.add_run(waiting=f"waiting for a slot: {ahead} ahead"))
    assert capsys.readouterr().err == "queued · waiting for a slot: 30 ahead\n"
    shown.run(platform.add_run(waiting="your limit of 4 is reached; 20 ahead"))
    assert capsys.readouterr().err == "queued · your limit of 4 is reached; 20 ahead\n"
    monkeypatch.setattr("nightdesk.cli.progress._SAID_AGAIN_AFTER", 0.0)
    shown.run(platform.add_run(waiting="your limit of 4 is reached; 7 ahead"))
    assert capsys.readouterr().err == "queued · your limit of 4 is reached; 7 ahead\n"


def test_the_bar_counts_by_its_own_clock_from_what_the_platform_says(platform: Any) -> None:
    terminal: Any = _Terminal()
    shown = LiveDisplay(terminal)
    run: Any = platform.add_run(
        status="running",
        progress={"cell": 2, "cells": 3},
        started_at="2001-01-01T00:00:00Z",  # a clock that is far behind
        elapsed_seconds=3700.0,
        expected_seconds=7200.0,
    )
    shown.run(run)
    assert "cell 2 of 3 · 1h 01m · about 58 min" in "".join(terminal.writes)
    shown.run(platform.add_run(attempt=2, retries=2, waiting="attempt 2 of 3 starts in 8 s: it failed"))
    assert "queued · attempt 2 of 3 starts in 8 s: it failed" in terminal.writes[-1]
    shown.run({**run, "attempt": 2, "retries": 2, "elapsed_seconds": 1.0})
    assert "cell 2 of 3 · attempt 2 of 3 · 1s" in terminal.writes[-1]


def test_says_why_a_run_is_still_queued(platform: Any, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    run: Any = platform.add_run(waiting="2 runs are ahead of it")
    Display(sys.stderr).run(run)
    assert capsys.readouterr().err == "queued · 2 runs are ahead of it\n"
