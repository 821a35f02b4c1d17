"""The tables of shares and of the times of cells."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Table

from nightdesk.server.adapters.schema import metadata

run_shares = Table(
    "run_shares",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("by", String(255), nullable=False),
    Column("at", Float, nullable=False),
    Index("run_shares_of_reader", "kind", "name", "at"),
)

# One row for an attempt, not one for a cell: they are only ever read together.
run_cells = Table(
    "run_cells",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("cells", JSON, nullable=False),
)
