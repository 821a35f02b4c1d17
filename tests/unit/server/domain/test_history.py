"""What happened to a run, in words, and its attempts."""

from __future__ import annotations

from nightdesk.server.domain.history import Attempt, RunChange, attempts, in_words
from nightdesk.server.domain.run import Status

STORY = [
    RunChange(0.0, 1, Status.QUEUED, None, None),
    RunChange(1.0, 1, Status.STARTING, "one", None),
    RunChange(2.0, 1, Status.RUNNING, "one", None),
    RunChange(3.0, 1, Status.RUNNING, "two", None),
    RunChange(4.0, 1, Status.RUNNING, "two", None),
    RunChange(5.0, 2, Status.QUEUED, None, "Cell 2 raised ValueError"),
    RunChange(15.0, 2, Status.STARTING, "two", None),
    RunChange(16.0, 2, Status.RUNNING, "two", None),
    RunChange(20.0, 2, Status.TIMED_OUT, None, "Stopped at its time limit of 4 s."),
]


def test_each_change_in_words() -> None:
    assert in_words(STORY) == [
        "submitted",
        "start prepared",
        "code started",
        "another worker took it over",
        "a worker took it up again",
        "attempt 1 failed, attempt 2 waits",
        "start of attempt 2 prepared",
        "code of attempt 2 started",
        "timed out",
    ]
    assert in_words([]) == []
    queued, cancelled = (
        STORY[0],
        RunChange(1.0, 1, Status.CANCELLED, None, "Cancelled by ada before it started."),
    )
    assert in_words([queued, cancelled]) == ["submitted", "cancelled"]


def test_attempts_with_how_each_ended() -> None:
    assert attempts(STORY) == [
        Attempt(1, Status.FAILED, "Cell 2 raised ValueError", 2.0, 5.0),
        Attempt(2, Status.TIMED_OUT, "Stopped at its time limit of 4 s.", 16.0, 20.0),
    ]
    assert attempts(STORY[:1]) == [Attempt(1, Status.QUEUED)]
    assert attempts(STORY[:5]) == [Attempt(1, Status.RUNNING, None, 2.0)]
    assert attempts(STORY[:6])[1] == Attempt(2, Status.QUEUED), "why it waits is the first one's reason"
    assert attempts([]) == []


def test_an_attempt_that_never_started_has_no_start() -> None:
    story = [*STORY[:2], RunChange(2.0, 2, Status.QUEUED, None, "The run could not be started")]
    assert attempts(story)[0] == Attempt(1, Status.FAILED, "The run could not be started", None, 2.0)
