"""What the platform answers about connections, as types; see `answers`."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Grant(TypedDict):
    """Who may use a connection: a group, a person, or everybody, whose name is empty."""

    kind: str
    name: str
    write: bool


class Connection(TypedDict):
    """One connection as its caller may see it; `settings`, `grants` and moments are for admins.

    `held_to_reading_by` says what keeps the caller to reading: `login`, `mount`, `database`, or `request`, which is a
    courtesy; null where they write. `secrets` are names.
    """

    name: str
    kind: str
    title: str
    description: str
    read_only: bool
    write: bool
    held_to_reading_by: NotRequired[str | None]
    example: str
    place: NotRequired[str | None]
    settings: NotRequired[dict[str, Any]]
    secrets: NotRequired[list[str]]
    grants: NotRequired[list[Grant]]
    last_used_at: NotRequired[str | None]
    created_at: NotRequired[str | None]
    created_by: NotRequired[str]
    changed_at: NotRequired[str | None]
    changed_by: NotRequired[str]


class Step(TypedDict):
    """One step of trying a connection."""

    name: str
    ok: bool
    words: str


class Trial(TypedDict):
    """How trying a connection went."""

    ok: bool
    steps: list[Step]
    words: str
    hint: NotRequired[str | None]


class Use(TypedDict):
    """One use: by whom, and in which attempt of a run, if in one."""

    at: str
    by: str
    words: str
    run: NotRequired[str | None]
    attempt: NotRequired[int | None]
    address: NotRequired[str]


class Connections(TypedDict):
    """By name."""

    connections: list[Connection]


class Opening(TypedDict):
    """What code opens a connection with. Keep it nowhere: it is asked for each time."""

    name: str
    kind: str
    read_only: bool
    settings: dict[str, Any]
    secrets: dict[str, Any]
    place: str | None


class Uses(TypedDict):
    """Newest first."""

    uses: list[Use]


class Resealed(TypedDict):
    """How many were sealed anew."""

    resealed: int
