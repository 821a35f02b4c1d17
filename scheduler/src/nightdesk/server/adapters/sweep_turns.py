"""How many runs of a sweep may go on at once, for the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from nightdesk.server.adapters.schema import runs
from nightdesk.server.adapters.sweep_tables import sweeps
from nightdesk.server.domain.queue import Taker
from nightdesk.server.domain.run import Status

_GOING_ON = (Status.STARTING, Status.RUNNING)


def limits_of_sweeps(connection: Connection) -> dict[str, int]:
    """Of the sweeps of which something waits, those that say how many may go on at once."""
    waiting = select(runs.c.sweep_id).where(runs.c.status == Status.QUEUED, runs.c.sweep_id.is_not(None))
    query = select(sweeps.c.id, sweeps.c.at_most).where(
        sweeps.c.at_most.is_not(None), sweeps.c.id.in_(waiting.distinct())
    )
    return {str(sweep): int(most) for sweep, most in connection.execute(query)}


def not_held_back(
    connection: Connection,
    limited: Mapping[str, int],
    going: Iterable[Taker],
    table: Any,
    ready: ColumnElement[bool],
) -> ColumnElement[bool] | None:
    """What of the queued runs in ``table`` no sweep's limit keeps: of each with room as many as it has room for.

    Those that are kept must not be looked at: a sweep's two hundred would stand before everything else of their owner.
    ``ready``: what could start otherwise. None: no sweep has a limit.
    """
    if not limited:
        return None
    counts = Counter(one.sweep for one in going)
    allowed: list[str] = []
    for sweep, most in limited.items():
        room = most - counts[sweep]
        if room > 0:
            first = (
                select(table.c.id)
                .where(table.c.sweep_id == sweep, table.c.status == Status.QUEUED, ready)
                .order_by(table.c.rank, table.c.created_at, table.c.id)
                .limit(room)
            )
            allowed += connection.scalars(first)
    free = or_(table.c.sweep_id.is_(None), table.c.sweep_id.not_in(limited))
    return or_(free, table.c.id.in_(allowed)) if allowed else free


def has_turn(connection: Connection, run_id: str) -> bool:
    """Whether the run's sweep lets one more of it go on.

    Asked within the transaction that claims it: an offer may be old, and only here it is certain how many go on.
    Whoever claims another of the same sweep waits for the transaction's end.
    """
    query = (
        select(sweeps.c.id, sweeps.c.at_most)
        .join(runs, runs.c.sweep_id == sweeps.c.id)
        .where(runs.c.id == run_id, sweeps.c.at_most.is_not(None))
        .with_for_update(of=sweeps)
    )
    row = connection.execute(query).first()
    if row is None:
        return True
    going = select(func.count()).where(and_(runs.c.sweep_id == row.id, runs.c.status.in_(_GOING_ON)))
    return bool(connection.execute(going).scalar_one() < row.at_most)
