"""fair queue, limits by size, back-off, leases that need no clock, resource use

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ALIVE = sa.text("status IN ('starting', 'running')")
_QUEUED = sa.text("status = 'queued'")
_OFFERED = sa.text("status = 'queued' AND offered_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "run_usage",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("cpus", sa.Float(), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("disk_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "attempt", "at"),
    )
    op.create_index("run_usage_oldest", "run_usage", ["at"], unique=False)
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("memory_bytes", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("beat", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index("runs_alive")
        batch_op.drop_column("lease_until")
        batch_op.add_column(sa.Column("cell_timeout_seconds", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("pids_limit", sa.Integer(), nullable=False, server_default="1024"))
        batch_op.add_column(
            sa.Column("disk_bytes", sa.BigInteger(), nullable=False, server_default=str(20 * 2**30))
        )
        batch_op.add_column(
            sa.Column("output_bytes", sa.BigInteger(), nullable=False, server_default=str(10 * 2**30))
        )
        batch_op.add_column(
            sa.Column("priority", sa.String(length=16), nullable=False, server_default="normal")
        )
        batch_op.add_column(sa.Column("rank", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("groups", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("retry_wait_seconds", sa.Float(), nullable=False, server_default="10"))
        batch_op.add_column(sa.Column("expected_seconds", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("not_before", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("ending", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("started_uptime", sa.Float(), nullable=True))
        batch_op.create_index("runs_of_status", ["status", "created_at", "id"], unique=False)
        batch_op.create_index(
            "runs_of_owner_and_status", ["owner", "status", "created_at", "id"], unique=False
        )
        batch_op.create_index("runs_of_owner_and_name", ["owner", "name", "created_at"], unique=False)
        batch_op.create_index(
            "runs_alive", ["status", "worker"], unique=False, sqlite_where=_ALIVE, postgresql_where=_ALIVE
        )
        batch_op.create_index(
            "runs_waiting",
            ["owner", "rank", "created_at", "id"],
            unique=False,
            sqlite_where=_QUEUED,
            postgresql_where=_QUEUED,
        )
        batch_op.create_index(
            "runs_offered", ["offered_at"], unique=False, sqlite_where=_OFFERED, postgresql_where=_OFFERED
        )
