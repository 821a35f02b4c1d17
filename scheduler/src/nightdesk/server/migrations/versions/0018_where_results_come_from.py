"""what runs came from and what is kept of them: code's commit, other runs' outputs, keep marks, outputs that were removed

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("runs", sa.Column("git", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("runs", sa.Column("sources", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("runs", sa.Column("kept_by", sa.String(length=255), nullable=True))
    op.add_column("runs", sa.Column("kept_at", sa.Float(), nullable=True))
    op.add_column("runs", sa.Column("removed_at", sa.Float(), nullable=True))
    op.add_column("runs", sa.Column("removed_why", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("removed_bytes", sa.BigInteger(), nullable=True))
    op.create_table(
        "outputs_to_clear",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
