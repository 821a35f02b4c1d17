"""The tables of errands, and of what hosts of repositories have sent."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Table, Text

from nightdesk.server.adapters.schema import metadata

errands = Table(
    "errands",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("wanted", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("connection", String(32)),
    Column("schedule_id", String(32)),
    Column("tick_at", Float),
    Column("sealed", Text),  # for workers; deleted once one has taken it
    Column("tries", Integer, nullable=False),
    Column("answer", JSON),
    Column("worker", String(255)),
    Column("created_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Index("errands_by_state", "state", "due_at"),
)

# What was sent to the addresses of schedules, by what it said: the same twice counts once.
deliveries = Table(
    "schedule_deliveries",
    metadata,
    Column("schedule_id", String(32), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Column("at", Float, nullable=False),
    Column("words", Text, nullable=False),
)
