"""Why runs wait, for whoever asks: true at once for one's own, and not a look at the queue each time."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.policy import Policies
from nightdesk.server.domain.run import Priority, Run, Status
from nightdesk.server.services import waiting
from nightdesk.server.services.waiting import WaitingRoom

from ..workbench import ADA, BOB, Bench


@pytest.fixture
def looks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A line for each look at the queue; what was seen stays good for long."""
    seen: list[float] = []
    look = bench.records.line

    def counted(alive_seconds: float, limits: Policies) -> Any:
        seen.append(alive_seconds)
        return look(alive_seconds, limits)

    monkeypatch.setattr(bench.records, "line", counted)
    monkeypatch.setattr(waiting, "_SHARE", 1e-9)
    monkeypatch.setattr(waiting, "_LONGEST_SECONDS", 3600.0)
    bench.records.beat("one", 1, 2**40)
    return seen


@pytest.fixture
def room(bench: Bench) -> WaitingRoom:
    return WaitingRoom(bench.records, bench.parts.policies)


def why(room: WaitingRoom, run: Run) -> str | None:
    """Why this one waits."""
    return room.reasons([run]).get(run.id)


def test_a_crowd_of_watchers_costs_one_look(bench: Bench, room: WaitingRoom, looks: list[float]) -> None:
    runs = [bench.submit(person=ADA) for _ in range(3)]
    for _ in range(50):
        assert room.reasons(runs) == {
            runs[0].id: "next in line",
            runs[1].id: "waiting for a slot: 1 ahead",
            runs[2].id: "waiting for a slot: 2 ahead",
        }
    assert len(looks) == 1


def test_what_was_just_submitted_has_its_place_without_another_look(
    bench: Bench, room: WaitingRoom, looks: list[float]
) -> None:
    first = bench.submit(person=ADA)
    assert why(room, first) == "next in line"
    second, other = bench.submit(person=ADA), bench.submit(person=BOB)
    assert why(room, second) == "waiting for a slot: 1 ahead"
    assert why(room, other) == "waiting for a slot: 1 ahead", "their first is before the other's second"
    assert why(room, second) == "waiting for a slot: 2 ahead"
    assert len(looks) == 1


def test_one_that_goes_before_the_same_person_s_is_looked_for(
    bench: Bench, room: WaitingRoom, looks: list[float]
) -> None:
    first = bench.submit(person=ADA)
    assert why(room, first) == "next in line"
    high = bench.submit(person=ADA, priority=Priority.HIGH)
    assert why(room, high) == "next in line"
    assert why(room, first) == "waiting for a slot: 1 ahead"
    assert len(looks) == 2


def test_the_queue_is_looked_at_anew_when_it_was_changed(
    bench: Bench, room: WaitingRoom, looks: list[float]
) -> None:
    first, second = bench.submit(person=ADA), bench.submit(person=ADA)
    assert why(room, second) == "waiting for a slot: 1 ahead"
    bench.records.request_cancel(first.id, "ada")
    room.forget()
    assert why(room, second) == "next in line"
    assert len(looks) == 2


def test_what_does_not_wait_has_no_reason_and_costs_no_look(
    bench: Bench, room: WaitingRoom, looks: list[float]
) -> None:
    run = bench.submit(person=ADA)
    ended = bench.records.request_cancel(run.id, "ada")
    assert ended is not None
    assert ended.status is Status.CANCELLED
    assert room.reasons([ended]) == {}
    assert room.reasons([]) == {}
    assert looks == []


def test_one_that_waits_for_its_next_attempt_is_not_in_line(bench: Bench, room: WaitingRoom) -> None:
    run = bench.submit(person=ADA)
    bench.set_runs(not_before=bench.records.now() + 60)
    assert room.reasons([bench.run(run)]) == {}
