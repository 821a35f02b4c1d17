"""A run's history: every change in words, and the attempts that it consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nightdesk.server.domain.run import Status


@dataclass(frozen=True, slots=True)
class RunChange:
    """One line of a run's history."""

    at: float
    attempt: int
    status: Status
    worker: str | None
    reason: str | None
    note: str | None = None  # what happened, where it is neither a change of status nor of worker


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. Of one that was followed by another the status is *failed*."""

    number: int
    status: Status
    reason: str | None = None
    started_at: float | None = None
    finished_at: float | None = None


def in_words(changes: Sequence[RunChange]) -> list[str]:
    """What happened, a few words for each change."""
    return [_words(change, changes[:number]) for number, change in enumerate(changes)]


def attempts(changes: Sequence[RunChange]) -> list[Attempt]:
    """The attempts, oldest first."""
    found: dict[int, Attempt] = {}
    changes = [change for change in changes if change.note is None]
    for number, change in enumerate(changes):
        before = changes[number - 1] if number else None
        if before is not None and change.attempt > before.attempt:
            ended = found[before.attempt]
            found[before.attempt] = Attempt(
                ended.number, Status.FAILED, change.reason, ended.started_at, change.at
            )
        known = found.get(change.attempt)
        started = known.started_at if known else None
        if change.status is Status.RUNNING and started is None:
            started = change.at
        over = change.status.final  # before that a reason is about something else
        found[change.attempt] = Attempt(
            change.attempt,
            change.status,
            change.reason if over else None,
            started,
            change.at if over else None,
        )
    return list(found.values())


def _words(change: RunChange, before: Sequence[RunChange]) -> str:
    last = before[-1] if before else None
    if last is None:
        return "submitted"
    if change.note is not None:
        return change.note
    if change.attempt > last.attempt:
        return f"attempt {last.attempt} failed, attempt {change.attempt} waits"
    if change.status is last.status:
        return "another worker took it over" if last.worker != change.worker else "a worker took it up again"
    of = f" of attempt {change.attempt}" if change.attempt > 1 else ""
    match change.status:
        case Status.STARTING:
            return f"start{of} prepared"
        case Status.RUNNING:
            return f"code{of} started"
        case _:
            return change.status.replace("_", " ")
