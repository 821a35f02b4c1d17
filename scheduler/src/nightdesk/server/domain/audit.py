"""The audit log: who did what, to whom, when and from where. It is only ever added to.

To note something from a service or a route::

    records.note(Note(admin.name, "limit.changed", object="data-team", words="runs: 4 -> 8"))

and inside a transaction of an adapter ``audit_sql.note(connection, at, Note(...))``. Address and means need not
be passed along: the web process sets :data:`origin` for each request, and everything that happens within it, on
other threads as well, is noted with that. What happens outside of requests is the worker's own.

An action is ``what.happened``: the kind of the thing, a dot, and what became of it in the past tense.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextvars import ContextVar
from dataclasses import dataclass, replace

_ACTION = re.compile(r"[a-z][a-z-]{0,23}\.[a-z][a-z -]{0,39}")
_MOST_WORDS = 1000
_MOST_NAME = 255

#: What the platform itself notes, for who looks for something. Others may come; these have their meaning.
ACTIONS = (
    "account.approved", "account.asked for", "account.made", "account.removed", "account.suspended",
    "admin.made", "admin.unmade",
    "announcement.cleared", "announcement.made",
    "audit.exported",
    "build.asked for", "build.cancelled",
    "connection.changed", "connection.granted", "connection.made", "connection.removed", "connection.resealed",
    "connection.revoked", "connection.rotated", "connection.tested", "connection.used",
    "environment.deprecated", "environment.groups changed", "environment.offered again", "environment.promoted",
    "environment.registered", "environment.removed", "environment.rolled back",
    "group.changed", "group.made", "group.removed",
    "hub.changed",
    "notifications.set",
    "output.downloaded",
    "outputs.removed",
    "password.changed", "password.reset",
    "person.disabled", "person.enabled", "person.handed over", "person.made", "person.removed",
    "pipeline.cancelled", "pipeline.resumed", "pipeline.started",
    "policy.changed",
    "report.changed", "report.downloaded", "report.made", "report.removed", "report.seen",
    "run.cancelled", "run.kept", "run.not kept", "run.not shared", "run.seen", "run.shared", "run.submitted",
    "schedule.changed", "schedule.handed over", "schedule.made", "schedule.paused", "schedule.removed",
    "schedule.resumed", "schedule.run",
    "session.ended", "session.started", "session.stopped",
    "sign-in.done", "sign-in.failed", "sign-in.locked", "sign-in.refused", "sign-out.done",
    "sweep.made", "sweep.seen", "sweep.stopped",
    "token.made", "token.revoked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: the client's address, and ``page``, ``token``, ``run``, ``setup`` or ``worker``."""

    address: str = ""
    means: str = "worker"


#: Of the request that is being answered.
origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 - it is frozen


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be noted.

    ``by`` is who did it, empty where nobody is known; ``object`` the thing by its id or name; ``whom`` the person
    whom it concerns, empty where that is the one who did it. ``words`` are for people. ``key`` makes noting the same
    twice one entry.
    """

    by: str
    action: str
    object: str = ""
    whom: str = ""
    words: str = ""
    key: str | None = None
    origin: Origin | None = None  # the request's, where none is given

    def __post_init__(self) -> None:
        if not _ACTION.fullmatch(self.action):
            raise ValueError(f"{self.action!r} is no action: write kind.happened")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``hash`` covers all of it and the entry before: see :func:`seal`."""

    id: int
    at: float
    by: str
    action: str
    object: str
    whom: str
    address: str
    means: str
    words: str
    key: str | None = None
    hash: str = ""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to list, newest first.

    ``on`` is the object or the person concerned; ``action`` is a whole one or a kind (``run``). ``since`` and
    ``until`` are seconds since 1970: from then on, before then. ``before`` continues an earlier list: the time
    and the id of its last entry.
    """

    by: str | None = None
    action: str | None = None
    on: str | None = None
    address: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 50
    before: tuple[float, int] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What looking through the chain of hashes found. ``broken`` is the first entry that is not as it was written."""

    entries: int
    head: str
    broken: int | None = None


def entry_of(note: Note, at: float) -> Entry:
    """The note as an entry that has no place yet, nothing in it longer than it may be."""
    where = note.origin or origin.get()
    whom = "" if note.whom == note.by else note.whom
    return Entry(
        id=0,
        at=at,
        by=_short(note.by),
        action=note.action,
        object=_short(note.object),
        whom=_short(whom),
        address=_short(where.address, 64),
        means=_short(where.means, 16),
        words=_short(note.words, _MOST_WORDS),
        key=note.key,
    )


def seal(before: str, entry: Entry) -> Entry:
    """The entry with its hash: SHA-256 over the hash of the entry before (empty for the first) and all of this one.

    Whoever changes, removes or slips in an entry would have to write all later ones anew, and the newest hash,
    which ``nightdesk audit verify`` shows, would be another.
    """
    said = [entry.at, entry.by, entry.action, entry.object, entry.whom]
    said += [entry.address, entry.means, entry.words, entry.key]
    text = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
    return replace(entry, hash=hashlib.sha256(f"{before}\n{text}".encode("ascii")).hexdigest())


def _short(text: str, most: int = _MOST_NAME) -> str:
    """Printable, storable and not longer than ``most`` characters."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return clean if len(clean) <= most else clean[: most - 1] + "…"
