"""where versions come from, who is offered what, what was done to them, and builds

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_GOING_ON = sa.text("status IN ('queued', 'building', 'testing')")


def upgrade() -> None:
    with op.batch_alter_table("environment_versions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("offer", sa.String(length=16), nullable=False, server_default="offered")
        )
        batch_op.add_column(sa.Column("source", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("built_by", sa.String(length=255), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("build_id", sa.String(length=32), nullable=True))
        batch_op.add_column(
            sa.Column("recipe_sha256", sa.String(length=64), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("lock", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("size_bytes", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("layers", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("contract", sa.Integer(), nullable=True))
    op.create_table(
        "environment_groups",
        sa.Column("environment", sa.String(length=64), nullable=False),
        sa.Column("group_name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("environment", "group_name"),
    )
    op.create_table(
        "environment_events",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("environment", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("environment_events_of", "environment_events", ["environment", "id"], unique=False)
    # What is on record already, so that channels have something to go back to.
    op.execute(
        'INSERT INTO environment_events (at, "by", action, environment, version, channel, "before", words) '
        "SELECT created_at, 'setup', 'registered', environment, version, '', '', '' FROM environment_versions"
    )
    op.execute(
        'INSERT INTO environment_events (at, "by", action, environment, version, channel, "before", words) '
        "SELECT v.created_at, 'setup', 'promoted', c.environment, c.version, c.channel, '', '' "
        "FROM environment_channels c JOIN environment_versions v "
        "ON v.environment = c.environment AND v.version = c.version"
    )
    op.create_table(
        "builds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("environment", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("folder", sa.String(length=1024), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("files", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(length=80), nullable=True),
        sa.Column("worker", sa.String(length=128), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("cancel_requested_at", sa.Float(), nullable=True),
        sa.Column("cancelled_by", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("builds_newest", "builds", ["created_at", "id"], unique=False)
    op.create_index(
        "builds_going_on",
        "builds",
        ["status", "created_at"],
        unique=False,
        sqlite_where=_GOING_ON,
        postgresql_where=_GOING_ON,
    )
    op.create_table(
        "build_log",
        sa.Column("build_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("build_id", "number"),
    )
