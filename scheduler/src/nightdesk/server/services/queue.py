"""Bringing queued runs to workers: the database chooses, the bell only wakes."""

from __future__ import annotations

from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.records import Records

LEASE_SECONDS = 20.0  # a worker that gave no sign for so long has lost its runs
ALIVE_SECONDS = 30.0  # its slots count for so long
AGAIN_SECONDS = 10.0  # an offer that nobody took is repeated after this


def dispatch(records: Records, bell: Doorbell) -> list[str]:
    """Offer what there are free slots for; the ids offered."""
    offered = records.offer(ALIVE_SECONDS, AGAIN_SECONDS)
    if offered:
        bell.ring(offered)
    return offered
