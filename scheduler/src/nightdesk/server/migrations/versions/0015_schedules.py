"""schedules, their ticks, what they run, and what their owners are told

Revision ID: 0015
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("cron", sa.String(length=255)),
        sa.Column("every_seconds", sa.Integer()),
        sa.Column("anchor", sa.BigInteger(), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Float()),
        sa.Column("paused_at", sa.Float()),
        sa.Column("paused_by", sa.String(length=255)),
        sa.Column("paused_why", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.Float()),
        sa.Column("last_state", sa.String(length=16)),
        sa.Column("last_run", sa.String(length=32)),
        sa.Column("took", sa.JSON(), nullable=False),
        sa.UniqueConstraint("owner", "name", name="schedules_owner_name"),
    )
    op.create_index("schedules_by_name", "schedules", ["name", "id"])
    _partial("schedules_due", "schedules", ["next_at"], "next_at IS NOT NULL")
    op.create_table(
        "schedule_ticks",
        sa.Column("schedule_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.Float(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=255)),
        sa.Column("run_id", sa.String(length=32)),
        sa.Column("took_seconds", sa.Float()),
        sa.PrimaryKeyConstraint("schedule_id", "at"),
    )
    open_ones = "state IN ('queued', 'waiting')"
    _partial("schedule_ticks_open", "schedule_ticks", ["schedule_id", "state", "at"], open_ones)
    op.create_table(
        "schedule_inputs",
        sa.Column("schedule_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("key", sa.String(length=255)),
        sa.PrimaryKeyConstraint("schedule_id", "name"),
    )
    op.create_table(
        "schedule_alerts",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("schedule_id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=32)),
        sa.Column("seen_at", sa.Float()),
    )
    _partial("schedule_alerts_unseen", "schedule_alerts", ["owner", "id"], "seen_at IS NULL")
    op.add_column("runs", sa.Column("schedule_id", sa.String(length=32)))
    op.add_column("runs", sa.Column("scheduled_at", sa.Float()))


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
