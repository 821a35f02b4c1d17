"""Builds that are cancelled, left to another worker or fail by a fault of ours; and their log."""

from __future__ import annotations

import threading

import pytest
from nightdesk.server.domain.build import BuildStatus
from nightdesk.server.services.building import see_through

from ....support.waiting import until
from .yard import OWN, Yard


def test_cancelled_while_it_builds(yard: Yard) -> None:
    watch = yard.ask("folder", {**OWN, "Dockerfile": "RUN sleep\n"})
    thread = threading.Thread(target=see_through, args=(yard.parts, watch))
    thread.start()
    until(lambda: "#1 building" in yard.log(watch.build) or watch.flush(), "the build to begin", 10)
    yard.records.request_build_cancel(watch.build.id, "root")
    watch.look()
    thread.join(10)
    assert not thread.is_alive()
    done = yard.now(watch)
    assert (done.status, done.reason) == (BuildStatus.CANCELLED, "Cancelled by root.")


def test_a_worker_that_leaves_hands_the_build_back(yard: Yard) -> None:
    watch = yard.ask("folder", {**OWN, "Dockerfile": "RUN sleep\nFROM ${BASE}\n"})
    thread = threading.Thread(target=see_through, args=(yard.parts, watch))
    thread.start()
    until(lambda: "#1 building" in yard.log(watch.build) or watch.flush(), "the build to begin", 10)
    watch.leave()
    thread.join(10)
    left = yard.now(watch)
    assert (left.status, left.worker, left.tries) == (BuildStatus.QUEUED, None, 0)
    again = yard.records.claim_build("w-2", ["w-2"])
    assert again is not None
    assert again.id == left.id


def test_a_build_that_another_worker_has_is_let_be(yard: Yard) -> None:
    watch = yard.ask("folder", OWN)
    assert yard.records.claim_build("w-2", ["w-2"]) is not None  # this one is taken for dead
    watch.look()
    assert watch.stop.is_set()
    see_through(yard.parts, watch)
    now = yard.now(watch)
    assert (now.status, now.worker) == (BuildStatus.BUILDING, "w-2")
    assert yard.log(now) == ""


def test_an_unexpected_failure_is_on_record_too(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("of all things")

    monkeypatch.setattr(yard.workshop, "make", broken)
    done = yard.build("folder", OWN)
    assert done.status is BuildStatus.FAILED
    assert "RuntimeError: of all things" in (done.reason or "")


def test_an_endless_log_is_cut(yard: Yard) -> None:
    watch = yard.ask("folder", OWN)
    for _ in range(30):
        watch.say("x" * 250_000)
    watch.flush()
    log = yard.log(watch.build)
    assert len(log) < 5_100_000
    assert log.endswith("[what follows is left out]\n")
