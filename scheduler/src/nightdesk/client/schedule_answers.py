"""What the platform answers about schedules, as types; see `answers`."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Paused(TypedDict):
    """`by` is None where the platform paused it after failures."""

    at: str
    by: str | None
    why: str


class Hook(TypedDict):
    """Since when, and by whose wish, pushes start runs."""

    by: str
    at: str


class NewHook(TypedDict):
    """Where a repository's host is to tell of pushes, and what it signs them with."""

    url: str
    secret: str


class Push(TypedDict):
    """What became of what a repository's host told: `tick` is that of the run that it starts."""

    words: str
    tick: str | None


class ScheduleSource(TypedDict):
    """What its runs run. `kind` is snapshot (a copy from `taken_at`), git (fetched each time from a repository) or home
    (read each time from its owner's home); `files` counts what is taken along.
    """

    kind: str
    words: str
    taken_at: str
    bytes: int
    sha256: str
    files: int
    repository: str | None
    address: str | None
    ref: str | None
    path: str | None
    folder: str | None
    hook: Hook | None


class LastTick(TypedDict):
    """The newest time that it was due, and what became of it."""

    at: str
    state: str
    run: str | None


class NextTick(TypedDict):
    """In UTC, and as clocks show it in the schedule's zone."""

    at: str
    local: str


class TickRecord(TypedDict):
    """How it did in so many days: ticks by state, and the part of the good ones."""

    days: int
    ticks: dict[str, int]
    success_rate: float | None


class Schedule(TypedDict):
    """Runs of one file by a timetable. `version_is` says pinned or followed; one alone has its next ticks and record."""

    id: str
    name: str
    owner: str
    when: str
    cron: str | None
    every_seconds: int | None
    zone: str
    on_push: bool
    next_at: str | None
    paused: Paused | None
    file: str
    source: ScheduleSource
    environment: str
    version_is: str
    size: str | None
    parameters: dict[str, Any]
    parameters_are_text: bool
    time_parameter: str | None
    priority: str
    timeout_seconds: float | None
    cell_timeout_seconds: float | None
    retries: int
    retry_wait_seconds: float | None
    notify: str | None
    missed: str
    catch_up: int
    overlap: str
    pause_after: int
    alert: bool
    failures: int
    last: LastTick | None
    expected_seconds: float | None
    created_at: str
    created_by: str
    url: str
    next_ticks: NotRequired[list[NextTick]]
    record: NotRequired[TickRecord]


class Schedules(TypedDict):
    """By name; `next` goes on from there."""

    schedules: list[Schedule]
    next: str | None


class SchedulePreview(TypedDict):
    """When a timetable would be due."""

    when: str
    zone: str
    ticks: list[NextTick]


class Tick(TypedDict):
    """A time that the schedule was due, and what became of it; `by` is who asked, where it was not the timetable."""

    at: str
    state: str
    words: str
    by: str | None
    run: str | None
    pipeline: str | None
    decided_at: str
    took_seconds: float | None
    run_url: str | None


class Ticks(TypedDict):
    """Newest first; `next` goes on from there."""

    ticks: list[Tick]
    next: float | None


class RemovedSchedule(TypedDict):
    """What was taken away."""

    removed: str
