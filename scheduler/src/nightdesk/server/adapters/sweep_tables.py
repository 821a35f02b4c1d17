"""The tables of sweeps, and their rows as what they stand for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
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
)

from nightdesk.server.adapters.schema import metadata
from nightdesk.server.domain.sweep import Goal, Sweep

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("made_by", String(255), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("file", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("count", Integer, nullable=False),
    Column("varied", JSON, nullable=False),
    Column("said", Text, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("groups", JSON, nullable=False),
    Column("at_most", Integer),
    Column("metric", String(200)),
    Column("goal", String(8), nullable=False),
    Column("kernel", String(128), nullable=False),
    Column("language", String(64), nullable=False),
    Column("wish", JSON, nullable=False),
    Column("key", String(255)),
    Column("stopped_at", Float),
    Column("stopped_by", String(255)),
    UniqueConstraint("owner", "key", name="sweeps_owner_key"),
    Index("sweeps_newest", "created_at", "id"),
    Index("sweeps_of_owner", "owner", "created_at", "id"),
)

# What all runs of a sweep are handed over with: once, and not for each of them.
inputs = Table(
    "sweep_inputs",
    metadata,
    Column("sweep_id", String(32), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("content", LargeBinary),  # deflated; None: it is in the store
)


def sweep_row(sweep: Sweep) -> dict[str, Any]:
    values = {column.name: getattr(sweep, column.name) for column in sweeps.columns}
    return values | {
        "varied": list(sweep.varied),
        "groups": list(sweep.groups),
        "goal": sweep.goal.value,
        "wish": dict(sweep.wish),
    }


def sweep_of(row: Row[Any]) -> Sweep:
    values = row._asdict()
    return Sweep(
        **{
            **values,
            "varied": tuple(values["varied"]),
            "groups": tuple(values["groups"]),
            "goal": Goal(values["goal"]),
        }
    )
