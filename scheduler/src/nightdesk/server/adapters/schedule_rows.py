"""The tables of schedules, and their rows as what they stand for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from nightdesk.server.adapters.schema import metadata
from nightdesk.server.domain.repository import place_json, place_of
from nightdesk.server.domain.run import Priority
from nightdesk.server.domain.schedule import (
    Alert,
    Missed,
    Overlap,
    Rules,
    Schedule,
    Snapshot,
    Tick,
    TickState,
    Wishes,
)
from nightdesk.server.domain.timetable import Timetable

_DUE = text("next_at IS NOT NULL")
_OPEN = text("state IN ('queued', 'waiting')")
_UNSEEN = text("seen_at IS NULL")
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

schedules = Table(
    "schedules",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("cron", String(255)),
    Column("every_seconds", Integer),
    Column("anchor", BigInteger, nullable=False),
    Column("wishes", JSON, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("snapshot", JSON, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column(
        "revision", Integer, nullable=False
    ),  # grows with each change: what one of several schedulers goes by
    Column("next_at", Float),  # empty: paused, or never due again
    Column("paused_at", Float),
    Column("paused_by", String(255)),
    Column("paused_why", Text),
    Column("failures", Integer, nullable=False),
    Column("last_at", Float),
    Column("last_state", String(16)),
    Column("last_run", String(32)),
    Column("took", JSON, nullable=False),
    Column("source", JSON(none_as_null=True)),  # where its file is fetched at each tick; empty: nowhere
    Column("hook", JSON(none_as_null=True)),  # of pushes that start a run: the secret that signs them, sealed
    UniqueConstraint("owner", "name", name="schedules_owner_name"),
    Index("schedules_by_name", "name", "id"),
    Index("schedules_due", "next_at", sqlite_where=_DUE, postgresql_where=_DUE),
)

ticks = Table(
    "schedule_ticks",
    metadata,
    Column("schedule_id", String(32), primary_key=True),
    Column("at", Float, primary_key=True),  # a time is due once, whoever looks
    Column("state", String(16), nullable=False),
    Column("decided_at", Float, nullable=False),
    Column("words", Text, nullable=False),
    Column("by", String(255)),
    Column("run_id", String(32)),
    Column("took_seconds", Float),
    Column("pipeline_id", String(32)),
    # Only what is not over: small however many there were.
    Index("schedule_ticks_open", "schedule_id", "state", "at", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

inputs = Table(
    "schedule_inputs",
    metadata,
    Column("schedule_id", String(32), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("content", LargeBinary),  # deflated; empty where it is large
    Column("key", String(255)),  # where it stands in the store then
)

alerts = Table(
    "schedule_alerts",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("schedule_id", String(32), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("at", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("words", Text, nullable=False),
    Column("run_id", String(32)),
    Column("seen_at", Float),
    Index("schedule_alerts_unseen", "owner", "id", sqlite_where=_UNSEEN, postgresql_where=_UNSEEN),
)

_SAME = (
    *("id", "owner", "name", "created_at", "created_by", "revision", "next_at"),
    *("paused_at", "paused_by", "paused_why", "failures", "last_at", "last_state", "last_run"),
)
_TICK = ("schedule_id", "at", "decided_at", "words", "by", "run_id", "took_seconds", "pipeline_id")
_ALERT = ("schedule_id", "owner", "name", "at", "state", "words", "run_id")


def schedule_row(schedule: Schedule) -> dict[str, Any]:
    table = schedule.timetable
    return {name: getattr(schedule, name) for name in _SAME} | {
        "zone": table.zone,
        "cron": table.cron,
        "every_seconds": table.every,
        "anchor": table.anchor,
        "wishes": asdict(schedule.wishes),
        "rules": asdict(schedule.rules),
        "snapshot": asdict(schedule.snapshot),
        "groups": list(schedule.groups),
        "took": list(schedule.took),
        "source": place_json(schedule.source),
        "hook": schedule.hook,
    }


def schedule_of(row: Row[Any]) -> Schedule:
    wishes, rules = dict(row.wishes), dict(row.rules)
    wishes["priority"] = Priority(wishes["priority"])
    rules |= {"missed": Missed(rules["missed"]), "overlap": Overlap(rules["overlap"])}
    return Schedule(
        **{name: getattr(row, name) for name in _SAME},
        timetable=Timetable(row.zone, row.cron, row.every_seconds, row.anchor),
        wishes=Wishes(**wishes),
        rules=Rules(**rules),
        snapshot=Snapshot(**row.snapshot),
        groups=tuple(row.groups),
        took=tuple(row.took),
        source=place_of(row.source),
        hook=row.hook,
    )


def tick_row(tick: Tick) -> dict[str, Any]:
    return {name: getattr(tick, name) for name in _TICK} | {"state": tick.state.value}


def tick_of(row: Any) -> Tick:
    return Tick(state=TickState(row.state), **{name: getattr(row, name) for name in _TICK})


def alert_row(alert: Alert) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in _ALERT}


def alert_of(row: Row[Any]) -> Alert:
    return Alert(id=row.id, **{name: getattr(row, name) for name in _ALERT})
