"""The tables of environments: versions, channels, what was done with them, and builds. Times are seconds since 1970 in UTC."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text, text

from nightdesk.server.adapters.schema import metadata

versions = Table(
    "environment_versions",
    metadata,
    Column("environment", String(64), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("digest", String(80), nullable=False, index=True),
    Column("image", String(255), nullable=False),
    Column("title", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("kernels", JSON, nullable=False),
    Column("packages", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("offer", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("built_by", String(255), nullable=False),
    Column("build_id", String(32)),
    Column("recipe_sha256", String(64), nullable=False),
    Column("lock", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("layers", JSON, nullable=False),
    Column("contract", Integer),
)

groups = Table(
    "environment_groups",
    metadata,
    Column("environment", String(64), primary_key=True),
    Column("group_name", String(255), primary_key=True),
)

events = Table(
    "environment_events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("by", String(255), nullable=False),
    Column("action", String(32), nullable=False),
    Column("environment", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("before", String(64), nullable=False),
    Column("words", Text, nullable=False),
    Index("environment_events_of", "environment", "id"),
)

_GOING_ON = text("status IN ('queued', 'building', 'testing')")

builds = Table(
    "builds",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("environment", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("title", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("ref", String(255), nullable=False),
    Column("folder", String(1024), nullable=False),
    Column("channel", String(32)),
    Column("files", Boolean, nullable=False),
    Column("requested_by", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("digest", String(80)),
    Column("worker", String(128)),
    Column("fence", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("cancel_requested_at", Float),
    Column("cancelled_by", String(255)),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Index("builds_newest", "created_at", "id"),
    Index("builds_going_on", "status", "created_at", sqlite_where=_GOING_ON, postgresql_where=_GOING_ON),
)

build_log = Table(
    "build_log",
    metadata,
    Column("build_id", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)

channels = Table(
    "environment_channels",
    metadata,
    Column("environment", String(64), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("version", String(64), nullable=False),
)
