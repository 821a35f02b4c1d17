"""Bringing queued runs to workers: the database chooses, the bell only wakes."""

from __future__ import annotations

from nightdesk.server.domain.policy import Policies
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.records import Records
from nightdesk.server.services.watch import Parts

ALIVE_SECONDS = 30.0  # a worker's slots count for so long after its last sign of life
AGAIN_SECONDS = 10.0  # an offer that nobody took is repeated after this


def ring(records: Records, bell: Doorbell, limits: Policies) -> list[str]:
    """Offer what there are free slots for; the ids that the bell could not bring to a worker."""
    offered = records.offer(limits, ALIVE_SECONDS, AGAIN_SECONDS)
    return offered if offered and not bell.ring(offered) else []


def dispatch(parts: Parts) -> list[str]:
    """The same with a worker's parts."""
    return ring(parts.records, parts.bell, parts.policies.now())
