"""what groups decide, which groups runs were submitted in, and what people had of the machine

Revision ID: 0007
Revises: 0008
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("reads", sa.String(16), nullable=False),
        sa.Column("cancels", sa.String(16), nullable=False),
        sa.Column("sizes", sa.JSON),
        sa.Column("limits", sa.JSON, nullable=False),
        sa.Column("together", sa.Integer),
    )
    op.create_table(
        "run_groups",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("group_name", sa.String(255), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
    )
    _fill_groups()
    op.create_index("run_groups_owners", "run_groups", ["group_name", "owner", "run_id"])
    op.create_table(
        "spans",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("ref", sa.String(255), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("groups", sa.JSON, nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("size", sa.String(32), nullable=False),
        sa.Column("cpus", sa.Float, nullable=False),
        sa.Column("memory_bytes", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
    )
    # Of each run its last attempt: when the earlier ones ran stands in its history alone.
    op.execute(
        "insert into spans (kind, person, ref, attempt, groups, environment, version, size, cpus, memory_bytes, "
        "started_at, ended_at) select 'run', owner, id, attempt, groups, environment, version, size, cpus, "
        "memory_bytes, started_at, finished_at from runs where started_at is not null and "
        "(finished_at is not null or status = 'running')"
    )
    op.create_index("spans_of_person", "spans", ["person", "kind", "ended_at"])
    op.create_index("spans_of_ref", "spans", ["ref", "attempt"])
    op.create_index("spans_ended", "spans", ["ended_at"])
    open_ones = sa.text("ended_at IS NULL")
    op.create_index(
        "spans_open", "spans", ["kind", "person"], sqlite_where=open_ones, postgresql_where=open_ones
    )
    op.create_table(
        "homes",
        sa.Column("person", sa.String(255), primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("measured_at", sa.Float, nullable=False),
    )
    op.create_table(
        "turns",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )


def _fill_groups() -> None:
    """Runs on record have their groups as JSON; in portions, there may be many of them."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text("select id, owner, groups from runs where groups not in ('[]', 'null')")
    )
    add = sa.text("insert into run_groups (run_id, group_name, owner) values (:run_id, :group_name, :owner)")
    while rows := found.fetchmany(1000):
        of_run = [
            {"run_id": row.id, "group_name": group, "owner": row.owner}
            for row in rows
            for group in dict.fromkeys(json.loads(row.groups) if isinstance(row.groups, str) else row.groups)
        ]
        if of_run:
            connection.execute(add, of_run)
