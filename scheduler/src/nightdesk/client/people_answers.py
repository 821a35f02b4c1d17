"""What the platform answers about groups, limits and use, as types; see `answers`."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Policy(TypedDict):
    """What is said about a group, a person or everybody. A limit is a number or `unlimited`; left out: not said."""

    kind: str
    name: str
    read: str
    cancel: str
    sizes: list[str] | None
    limits: dict[str, Any]
    together: int | None


class Group(TypedDict):
    """A group; `provider` says where its members are kept, if not here."""

    name: str
    members: list[str]
    provider: str | None
    policy: Policy


class Groups(TypedDict):
    """All groups."""

    groups: list[Group]


class Policies(TypedDict):
    """All policies."""

    policies: list[Policy]


class Removed(TypedDict):
    """What was taken away."""

    removed: str


class Told(TypedDict):
    """Whom a change was about."""

    user: str


class UsageRow(TypedDict):
    """What somebody or something had: hours from start to end, core- and GB-hours by their sizes."""

    name: str
    runs: int
    sessions: int
    run_hours: float
    session_hours: float
    cpu_hours: float
    gb_hours: float


class HeldNow(TypedDict):
    """What goes on now, and what its sizes give it."""

    count: int
    cpus: float
    memory_bytes: int


class HomeSize(TypedDict):
    """What a home held when it was measured."""

    bytes: int
    measured_at: str


class StoreUse(TypedDict):
    """What somebody has in the output store, and how much of it has a keep mark."""

    bytes: int
    runs: int
    kept_bytes: int
    kept_runs: int


class UsageMonth(TypedDict):
    """A month by environment."""

    month: str
    environments: list[UsageRow]


class MyUsage(TypedDict):
    """One person's use, and how much of it they may have; a limit that there is not is left out."""

    person: str
    month: str
    resets_at: str
    sessions: HeldNow
    runs: HeldNow
    home: HomeSize | None
    store: StoreUse
    limits: dict[str, Any]
    run_hours: float
    environments: list[UsageRow]
    months: list[UsageMonth]


class PeopleUsageRow(UsageRow):
    """By person, what they have now as well."""

    now: NotRequired[HeldNow]
    home: NotRequired[HomeSize | None]
    store: NotRequired[StoreUse]


class PeopleUsage(TypedDict):
    """A month of everybody."""

    month: str
    by: str
    rows: list[PeopleUsageRow]
