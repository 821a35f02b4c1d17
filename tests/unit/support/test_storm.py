"""What the storm's report makes of a run: explained by its story, by what was done to it, or by neither."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ...soak.report import History, adoptions, unexpected
from ...soak.stories import Story, some_story
from ...soak.storm import Fault
from ...soak.users import Accepted

SHORT = Story("short", (), "succeeded")
RETRIED = Story("retried", (), "succeeded", attempts=2, request={"retries": 2})
GREEDY = Story("out of memory", (), "failed", "Out of memory")
REMOVED = "The run's container was removed from outside in cell 2 of 3. Submit it again."


def seen(story: Story, status: str, reason: str = "All 3 cells ran.", attempt: int = 1) -> Accepted:
    shown: dict[str, Any] = {"id": "k7m2", "status": status, "reason": reason, "attempt": attempt}
    return Accepted("k7m2", story, None, 0.0, shown)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "touched"),
    [
        (seen(SHORT, "succeeded"), 0),
        (seen(RETRIED, "succeeded", attempt=2), 0),
        (seen(GREEDY, "failed", "Out of memory in cell 3 of 4: the limit is 256 MB."), 0),
        (seen(SHORT, "failed", REMOVED), 1),
        (seen(SHORT, "succeeded"), 1),
        (seen(RETRIED, "succeeded", attempt=3), 1),
    ],
)
def test_explained(one: Accepted, touched: int) -> None:
    assert unexpected(one, touched) is None


@pytest.mark.parametrize(
    ("one", "touched"),
    [
        (seen(SHORT, "failed", REMOVED), 0),
        (seen(SHORT, "failed", "The container ended with exit code 1."), 1),
        (seen(RETRIED, "succeeded", attempt=1), 0),
        (seen(RETRIED, "succeeded", attempt=3), 0),
        (seen(GREEDY, "failed", "Ended from outside."), 0),
        (seen(SHORT, "lost", "The platform failed to look after the run."), 1),
    ],
)
def test_not_explained(one: Accepted, touched: int) -> None:
    assert one.story.name in str(unexpected(one, touched))


def test_an_adoption_counts_from_what_befell_the_worker_of_before() -> None:
    faults = [
        Fault("kill", "p-worker-1", "aaa", 100.0, 5.0),
        Fault("pause service", "p-worker-2", "bbb", 108.0, 5.0),
        Fault("kill", "p-worker-1", "aaa", 200.0, 5.0),
        Fault("kill", "k7m2", "", 111.0, 0.1),
    ]
    history: History = [
        (90.0, 1, "queued", None, None),
        (91.0, 1, "starting", "aaa-1", None),
        (92.0, 1, "running", "aaa-1", None),
        (112.0, 1, "running", "bbb-1", None),
        (120.0, 1, "succeeded", None, "All 3 cells ran."),
    ]
    assert adoptions(history, faults) == [12.0]


def test_the_same_seed_gives_the_same_stories() -> None:
    def stories(seed: str) -> list[Story]:
        chance = random.Random(seed)  # noqa: S311  # no secret
        return [some_story(chance) for _ in range(50)]

    assert stories("7 ada") == stories("7 ada") != stories("8 ada")
