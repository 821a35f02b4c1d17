"""Which sessions there are, put on record: they count for limits, and for what people have had in a month."""

from __future__ import annotations

from nightdesk.config import Settings
from nightdesk.server.ports.people import People
from nightdesk.server.ports.records import Records
from nightdesk.server.ports.use import SessionSeen

HOME = "home:"  # wishes that somebody's home be measured


def look_at_sessions(records: Records, people: People, settings: Settings) -> None:
    """Note which sessions there are now; the homes of those whose session has ended are measured soon.

    Raises:
        Unavailable: the hub or the database does not answer.
    """
    sizes = settings.sizes
    seen = []
    for session in people.sessions():
        size = sizes.get(session.size)
        seen.append(
            SessionSeen(
                session.person,
                session.name,
                session.environment,
                session.version,
                session.size,
                0.0 if size is None else size.cpus,
                0 if size is None else size.memory_bytes,
                session.started_at,
                session.groups,
            )
        )
    for person in records.sessions_seen(seen):
        records.wish_turn(f"{HOME}{person}")
