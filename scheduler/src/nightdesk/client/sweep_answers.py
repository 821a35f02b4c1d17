"""What the platform answers about sweeps, as types; see `answers`."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class SweepVersion(TypedDict):
    """The version of an environment that its runs were made for."""

    name: str
    version: str


class Stopped(TypedDict):
    """Who asked for the end of the rest, and when."""

    at: str
    by: str


class SweepMember(TypedDict):
    """One set of parameters: its newest run, what that measured, and how many ran before it."""

    place: int
    run: str
    status: str
    reason: str | None
    parameters: dict[str, Any]
    metrics: dict[str, float]
    took_seconds: float | None
    earlier: int
    url: str


class Sweep(TypedDict):
    """One file with many sets of parameters. `counts` is by status; `over`: nothing waits or goes on.

    One alone has its members, the names of what they measured, what is the same for all, and the place of the best.
    """

    id: str
    name: str
    owner: str
    made_by: str
    file: str
    environment: SweepVersion
    kind: str
    said: str
    count: int
    varied: list[str]
    at_most: int | None
    metric: str | None
    goal: str
    counts: dict[str, int]
    over: bool
    created_at: str
    stopped: Stopped | None
    url: str
    metrics: NotRequired[list[str]]
    fixed: NotRequired[dict[str, Any]]
    best: NotRequired[int | None]
    wish: NotRequired[dict[str, Any]]
    members: NotRequired[list[SweepMember]]


class Sweeps(TypedDict):
    """Newest first; `next` goes on from there."""

    sweeps: list[Sweep]
    next: str | None


class SweepPreview(TypedDict):
    """What would be made: nothing is on record. `seed` is what was drawn with; the first sets of parameters are shown."""

    count: int
    said: str
    varied: list[str]
    seed: int | None
    at_most: int | None
    environment: SweepVersion
    points: list[dict[str, Any]]


class StoppedSweep(TypedDict):
    """How many runs were asked to end."""

    stopped: int
