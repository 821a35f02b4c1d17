"""How a run's status may change: every pair of the table."""

from __future__ import annotations

import itertools

import pytest
from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.run import Status, check_transition, is_id, new_id

FINAL = {"succeeded", "failed", "cancelled", "timed_out", "lost"}
ALLOWED = {
    "queued": {"starting", "cancelled", "failed"},
    "starting": {"queued", "running"} | FINAL,
    "running": {"queued"} | FINAL,
}


def test_the_statuses_are_those_of_the_contract() -> None:
    assert [status.value for status in Status] == [
        "queued", "starting", "running", "succeeded", "failed", "cancelled", "timed_out", "lost",
    ]  # fmt: skip
    assert {status.value for status in Status if status.final} == FINAL


@pytest.mark.parametrize(("old", "new"), list(itertools.product(Status, Status)))
def test_every_pair(old: Status, new: Status) -> None:
    if new in ALLOWED.get(old, set()):
        check_transition(old, new)
    else:
        with pytest.raises(Conflict, match=f"a run that is {old} cannot become {new}"):
            check_transition(old, new)


def test_ids_are_not_guessed_and_not_misread() -> None:
    ids = {new_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(len(run_id) == 12 and not set(run_id) & set("lo01") for run_id in ids)


def test_ids_are_told_from_names() -> None:
    assert all(is_id(new_id()) for _ in range(50))
    assert not any(
        is_id(text) for text in ("", "report", "k7m2x9qh4tf", "k7m2x9qh4tfd2", "k7m2x9qh4tf0", "K7M2X9QH4TFD")
    )
