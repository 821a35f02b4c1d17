"""Following a run over connections that break."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from nightdesk.client import Client, NotFound, SignInNeeded, Unreachable
from nightdesk.client import events as module


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(module, "_SHORTEST_PAUSE", 0.001)


def _script(platform: Any, lines: int) -> list[str]:
    platform.add_run()
    platform.change(status="running")
    for number in range(lines):
        platform.log(f"line {number} é\n")
    platform.finish()
    return [f"line {number} é\n" for number in range(lines)]


def _texts(events: list[Any]) -> list[str]:
    return [event.data["text"] for event in events if event.kind == "log"]


def test_gives_the_run_its_log_and_its_end(platform: Any, client: Client) -> None:
    lines = _script(platform, 3)
    events = list(client.events("run1"))
    assert [event.kind for event in events] == ["run", "run", "log", "log", "log", "end"]
    assert _texts(events) == lines
    assert events[-1].data["status"] == "succeeded"


def test_loses_and_doubles_nothing_wherever_the_line_breaks(platform: Any, client: Client) -> None:
    lines = _script(platform, 12)
    platform.cuts = list(range(900, 4000, 7))
    events = list(client.events("run1"))
    assert _texts(events) == lines
    assert [event.kind for event in events].count("end") == 1
    assert len([request for request in platform.requests if "/events" in request[1]]) > 3


def test_goes_on_after_an_event_that_is_known(platform: Any, client: Client) -> None:
    lines = _script(platform, 5)
    assert _texts(list(client.events("run1", after="3"))) == lines[2:]


def test_outlasts_a_platform_that_is_away(platform: Any, client: Client) -> None:
    platform.add_run()
    platform.change(status="running")
    platform.log("before\n")
    seen = []
    lost: list[float] = []
    for event in client.events("run1", waiting=lost.append):
        seen.append(event)
        if event.kind == "log" and event.data["text"] == "before\n":
            platform.stop()
            platform.log("while away\n")
            platform.finish()
            threading.Timer(0.4, platform.start).start()
    assert _texts(seen) == ["before\n", "while away\n"]
    assert max(lost) > 0.2


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_waits_for_a_platform_that_is_starting(platform: Any, client: Client, status: int) -> None:
    lines = _script(platform, 2)
    platform.cuts = [900]
    following = client.events("run1")
    first = next(following)
    platform.answers = [(status, b"<html>busy</html>")] * 3
    assert _texts([first, *following]) == lines


def test_the_first_connection_may_fail(platform: Any, client: Client) -> None:
    _script(platform, 1)
    platform.answers = [(503, b"")]
    with pytest.raises(Unreachable):
        list(client.events("run1"))
    platform.answers = [(503, b"")]
    assert list(client.events("run1", patient=True))


def test_ends_when_the_platform_says_no(platform: Any, client: Client) -> None:
    _script(platform, 4)
    platform.cuts = [900]
    following = client.events("run1")
    next(following)
    platform.users.clear()
    with pytest.raises(SignInNeeded):
        list(following)
    platform.users["token-ada"] = {"name": "ada", "admin": False, "groups": []}
    with pytest.raises(NotFound, match="there is no run 'other'"):
        list(client.events("other"))


def test_a_silent_line_counts_as_broken(
    platform: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.05)
    monkeypatch.setattr(module, "TICK_SECONDS", 0.02)
    platform.add_run()
    threading.Timer(0.5, platform.finish).start()
    begun = time.monotonic()
    events = list(client.events("run1"))
    assert events[-1].kind == "end"
    assert time.monotonic() - begun < 5
    assert len([request for request in platform.requests if "/events" in request[1]]) > 1


def test_says_that_it_is_waiting_while_the_run_is_quiet(
    platform: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.01)
    platform.add_run()
    threading.Timer(0.3, platform.finish).start()
    waited: list[float] = []
    list(client.events("run1", waiting=waited.append))
    assert waited
    assert set(waited) == {0.0}
