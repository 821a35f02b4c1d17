"""errands: code that is fetched from repositories and homes, and what their hosts are told

Revision ID: 0025
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "errands",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("connection", sa.String(length=32), nullable=True),
        sa.Column("schedule_id", sa.String(length=32), nullable=True),
        sa.Column("tick_at", sa.Float(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("errands_by_state", "errands", ["state", "due_at"])
    op.add_column("schedules", sa.Column("source", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("schedules", sa.Column("hook", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "schedule_deliveries",
        sa.Column("schedule_id", sa.String(length=32), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "mark"),
    )
