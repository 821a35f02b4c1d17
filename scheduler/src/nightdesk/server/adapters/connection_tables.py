"""The tables of connections: what they are, who may use them, which run did, and tests that a worker is to make."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, String, Table, Text

from nightdesk.server.adapters.schema import metadata

connections = Table(
    "connections",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("title", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("read_only", Boolean, nullable=False),
    Column("secret_names", JSON, nullable=False),
    Column("sealed", Text, nullable=False),  # never in plain; see adapters/sealing.py
    Column("created_at", Float, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("changed_by", String(255), nullable=False),
    Column("last_used_at", Float),
)

grants = Table(
    "connection_grants",
    metadata,
    Column("connection", String(32), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("write", Boolean, nullable=False),
    Index("connection_grants_of", "kind", "name"),
)

# Which connections the attempts of a run have used: for the manifest.
used = Table(
    "run_connections",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("connection", String(32), primary_key=True),
    Column("at", Float, nullable=False),
)

# Tests that a worker is to make: what it needs is sealed for it, and deleted once it has taken it.
tests = Table(
    "connection_tests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("connection", String(32), nullable=False),
    Column("asked_by", String(255), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("sealed", Text),
    Column("taken_at", Float),
    Column("answer", JSON),
    Index("connection_tests_waiting", "taken_at", "created_at"),
)
