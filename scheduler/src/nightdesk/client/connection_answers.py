"""What the platform answers about connections, as types; see `answers`."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Grant(TypedDict):
    """Who may use a connection: a group, a person, or everybody, whose name is empty."""

    kind: str
    name: str
    write: bool


class Connection(TypedDict):
    """One connection as its caller may see it; `settings`, `grants` and moments are for admins."""

    name: str
    kind: str
    title: str
    description: str
    read_only: bool
    write: bool
    example: str
    settings: NotRequired[dict[str, Any]]
    grants: NotRequired[list[Grant]]
    last_used_at: NotRequired[str | None]
    created_at: NotRequired[str]
    created_by: NotRequired[str]
    changed_at: NotRequired[str]
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
    """One use."""

    at: str
    by: str
    words: str
