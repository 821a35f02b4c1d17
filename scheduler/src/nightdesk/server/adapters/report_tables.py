"""The tables of reports."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, String, Table, Text

from nightdesk.server.adapters.schema import metadata

reports = Table(
    "reports",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("title", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", String(255), nullable=False),
    Column("source_owner", String(255), nullable=False),
    Column("source_name", String(255), nullable=False),
    Column("output", String(1024), nullable=False),
    Column("code", Boolean, nullable=False),  # whether the inputs of cells are shown
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Index("reports_of_owner", "owner"),
    Index("reports_of_source", "source_owner", "source_name"),
)

# Who sees a report besides its owner and admins, whatever they see of the runs.
report_readers = Table(
    "report_readers",
    metadata,
    Column("report", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
)
