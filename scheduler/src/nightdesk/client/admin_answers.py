"""What the platform answers admins about accounts, sessions, the audit log and announcements, as types; see `answers`."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from nightdesk.client.answers import NamedEnvironment


class Account(TypedDict):
    name: str
    approved: bool
    admin: bool
    disabled: NotRequired[bool]
    created_at: str | None


class Token(TypedDict):
    """A token of the hub; `token` is shown this once."""

    id: str
    token: str
    user: str
    note: str | None
    expires_at: str | None
    scopes: list[str]


class AuditEntry(TypedDict):
    """Who (`by`) did what (`action`), to what (`object`) or whom, when, from where and by which means."""

    id: int
    at: str
    by: str
    action: str
    object: str
    whom: str
    address: str
    means: str
    words: str
    hash: str


class AuditEntries(TypedDict):
    """Newest first; `next` goes on from there."""

    entries: list[AuditEntry]
    next: str | None


class AuditVerdict(TypedDict):
    """`head` is the newest entry's hash; `broken` the first entry that is not as it was written."""

    entries: int
    head: str
    broken: int | None


class Arrived(TypedDict):
    """How many of the entries were new."""

    new: int


class LiveSession(TypedDict):
    """A session and what it takes now: cores in use, bytes; null where that cannot be measured."""

    person: str
    name: str
    environment: NamedEnvironment
    size: str
    ready: bool
    started_at: str | None
    idle_since: str | None
    cpus: float | None
    cpu_limit: float | None
    memory_bytes: int | None
    memory_limit_bytes: int | None


class LiveSessions(TypedDict):
    """Who is in which session."""

    sessions: list[LiveSession]


class Announcement(TypedDict):
    """What everybody is told; `until` null: until it is taken down."""

    id: int
    text: str
    level: str
    link: str | None
    since: str | None
    until: str | None
    before_sign_in: bool
    by: str


class Announcements(TypedDict):
    """Newest first."""

    announcements: list[Announcement]


class Cleared(TypedDict):
    """How many were taken down."""

    cleared: int
