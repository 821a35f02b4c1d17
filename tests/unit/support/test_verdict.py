"""Judging runs after a fault: what counts as lost, what as doubled, and what as neither."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from ...support.ledger import Ledger, listening
from ...support.verdict import doubled, judge, lost
from ...support.witness import Seen

RUN = "k7m2x9qh4tfd"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with listening("127.0.0.1") as ledger:
        yield ledger


@pytest.fixture
def witness() -> Seen:
    return Seen()


def say(ledger: Ledger, what: str, attempt: int = 1, process: str = "first") -> str:
    """As user code does it, over the wire."""
    address = f"{ledger.url}/{what}/{RUN}/{attempt}/{process}"
    with urllib.request.urlopen(address, data=b"", timeout=5) as answer:
        return str(answer.read().decode())


def happen(witness: Seen, what: str, at: int, attempt: int = 1, container: str = "one") -> None:
    """As the engine tells it."""
    attributes = {"org.nightdesk.run": RUN, "org.nightdesk.attempt": str(attempt)}
    actor = {"ID": container, "Attributes": attributes}
    witness.take({"Action": what, "timeNano": at * 10**9, "Actor": actor})


def ended(status: str = "succeeded", **other: Any) -> dict[str, Any]:
    """A run as the platform shows it in the end."""
    shown = {
        "id": RUN,
        "status": status,
        "attempt": 1,
        "reason": "words",
        "finished_at": "2026-11-22T10:00:00Z",
    }
    return {**shown, **other}


def test_a_run_that_came_to_its_end_is_neither(ledger: Ledger, witness: Seen) -> None:
    for what in ("began", "ended"):
        assert say(ledger, what) == "written"
    for at, what in enumerate(("create", "start", "die", "destroy")):
        happen(witness, what, at)
    verdict = judge({RUN: ended()}, {}, ledger, witness)
    assert (verdict.runs, verdict.lost, verdict.doubled) == (1, {}, {})


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (None, "knows nothing of it"),
        (ended("running", reason=None, waiting=None), "running and goes nowhere"),
        (ended("queued", reason=None, waiting="waiting for a slot"), "waiting for a slot"),
        (ended("lost"), "words"),
        (ended("failed", reason=""), "without a reason"),
        (ended("cancelled", finished_at=None), "without a reason or an end"),
        (ended(), "never came to its end"),
        (ended(attempt=2), "never came to its end"),
    ],
)
def test_lost(ledger: Ledger, shown: dict[str, Any] | None, words: str) -> None:
    say(ledger, "began")
    if shown is not None and shown["attempt"] == 2:
        say(ledger, "ended", attempt=1)
    assert words in str(lost(shown, ledger))


def test_a_failure_with_its_reason_is_no_loss(ledger: Ledger) -> None:
    assert lost(ended("failed"), ledger) is None


def test_two_processes_of_one_attempt_are_one_too_many(ledger: Ledger, witness: Seen) -> None:
    say(ledger, "began", process="first")
    say(ledger, "began", process="second")
    assert "began 2 times" in str(doubled(RUN, 0, ledger, witness))


def test_a_line_that_is_heard_twice_counts_once(ledger: Ledger, witness: Seen) -> None:
    say(ledger, "began")
    say(ledger, "began")
    assert doubled(RUN, 0, ledger, witness) is None


def test_a_container_started_twice_is_one_too_many(ledger: Ledger, witness: Seen) -> None:
    happen(witness, "start", 1)
    happen(witness, "die", 2)
    happen(witness, "start", 3)
    assert "started 2 times" in str(doubled(RUN, 0, ledger, witness))


def test_an_event_that_is_heard_twice_counts_once(ledger: Ledger, witness: Seen) -> None:
    happen(witness, "start", 1)
    happen(witness, "start", 1)
    assert doubled(RUN, 0, ledger, witness) is None


def test_an_attempt_that_nobody_asked_for_is_one_too_many(ledger: Ledger, witness: Seen) -> None:
    say(ledger, "began", attempt=2)
    assert "attempt 2 began, and 0 retries" in str(doubled(RUN, 0, ledger, witness))
    assert doubled(RUN, 1, ledger, witness) is None


def test_two_containers_alive_at_once_are_one_too_many(ledger: Ledger, witness: Seen) -> None:
    happen(witness, "start", 1, attempt=1, container="one")
    happen(witness, "start", 2, attempt=2, container="two")
    assert "2 containers of it were alive" in str(doubled(RUN, 1, ledger, witness))


def test_one_container_after_the_other_is_a_retry(ledger: Ledger, witness: Seen) -> None:
    happen(witness, "start", 1, attempt=1, container="one")
    happen(witness, "die", 2, attempt=1, container="one")
    happen(witness, "start", 3, attempt=2, container="two")
    assert doubled(RUN, 1, ledger, witness) is None


def test_the_ledger_listens_to_nobody_who_does_not_know_its_address(ledger: Ledger) -> None:
    assert ledger.hear(f"/guessed/began/{RUN}/1/first") is None
    assert ledger.lines(RUN) == []


def test_the_gate_opens_for_one_run(ledger: Ledger) -> None:
    assert say(ledger, "gate") == "closed"
    ledger.open_gate(RUN)
    assert say(ledger, "gate") == "open"
