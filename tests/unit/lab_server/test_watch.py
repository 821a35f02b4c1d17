"""One's runs live, over restarts of the platform."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nightdesk.lab_server import watch as module
from nightdesk.lab_server.watch import Watch

from ..cli.platform_double import Platform

Heard = Callable[[str], Any]


@pytest.fixture
def heard(signed_in: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    """The data of the next thing of a kind that is told."""
    monkeypatch.setattr(module, "LIST_SECONDS", 0.2)
    monkeypatch.setenv("NIGHTDESK_URL", signed_in.url)
    told: queue.Queue[tuple[str, Any]] = queue.Queue()
    watch = Watch(lambda kind, data: told.put((kind, data)))

    def until(kind: str) -> Any:
        while True:
            what, data = told.get(timeout=20)
            if what == kind:
                return data

    watch.start()
    yield until
    watch.close()


def test_the_list_and_each_step_of_a_run_are_told(signed_in: Platform, heard: Heard) -> None:
    assert heard("runs") == []
    signed_in.add_run("run1", status="running")
    while not heard("runs"):
        pass
    signed_in.change("run1", progress={"cell": 2, "cells": 3})
    assert heard("run")["progress"]["cell"] == 2
    signed_in.finish("succeeded", "run1")
    while heard("run")["status"] != "succeeded":
        pass


def test_schedules_are_told_when_they_change(
    signed_in: Platform, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert heard("schedules") == []
    monkeypatch.setattr(module, "SCHEDULES_SECONDS", 0.2)
    signed_in.schedules.append({"id": "s1", "name": "daily"})
    assert heard("schedules") == [{"id": "s1", "name": "daily"}]
    told: list[Any] = []
    monkeypatch.setattr(Watch, "_say", lambda _self, kind, _data: told.append(kind))
    deadline = time.monotonic() + 20
    while told.count("runs") < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "runs" in told
    assert "schedules" not in told  # nothing changed


def test_while_the_platform_is_away_that_is_told_and_then_it_goes_on(
    signed_in: Platform, heard: Heard
) -> None:
    signed_in.add_run("run1", status="running")
    while not heard("runs"):
        pass
    signed_in.stop()
    heard("away")
    signed_in.start()
    heard("back")
    signed_in.finish("succeeded", "run1")
    while heard("run")["status"] != "succeeded":
        pass


def test_a_token_that_is_not_valid_any_more_ends_it_with_words(signed_in: Platform, heard: Heard) -> None:
    heard("runs")
    signed_in.answers.append((401, {"error": {"code": "sign_in_needed", "message": "no more", "hint": None}}))
    assert "no more" in heard("refused")["message"]
