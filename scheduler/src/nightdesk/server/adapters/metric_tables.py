"""The tables of metrics."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table

from nightdesk.server.adapters.schema import metadata

points = Table(
    "run_metrics",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("value", Float, nullable=False),
    Column("step", BigInteger),
)

# The last value of each name, so that a list of many runs reads one row for each and not thousands.
last = Table(
    "run_metrics_last",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("value", Float, nullable=False),
    Column("step", BigInteger),
    Column("number", Integer, nullable=False),
    Column("first", Integer, nullable=False),  # the number of its first point: the order of names
    Column("count", Integer, nullable=False),
    Column("lowest", Float, nullable=False),
    Column("highest", Float, nullable=False),
)
