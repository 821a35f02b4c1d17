"""sweeps: one file with many sets of parameters, what their runs are handed over with, and which of it a run is

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("made_by", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("varied", sa.JSON(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("environment", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("at_most", sa.Integer()),
        sa.Column("metric", sa.String(length=200)),
        sa.Column("goal", sa.String(length=8), nullable=False),
        sa.Column("kernel", sa.String(length=128), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(length=255)),
        sa.Column("stopped_at", sa.Float()),
        sa.Column("stopped_by", sa.String(length=255)),
        sa.UniqueConstraint("owner", "key", name="sweeps_owner_key"),
    )
    op.create_index("sweeps_newest", "sweeps", ["created_at", "id"])
    op.create_index("sweeps_of_owner", "sweeps", ["owner", "created_at", "id"])
    op.create_table(
        "sweep_inputs",
        sa.Column("sweep_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("sweep_id", "name"),
    )
    op.add_column("runs", sa.Column("sweep_id", sa.String(length=32)))
    op.add_column("runs", sa.Column("sweep_place", sa.Integer()))
    swept = sa.text("sweep_id IS NOT NULL")
    op.create_index(
        "runs_of_sweep", "runs", ["sweep_id", "created_at", "id"], sqlite_where=swept, postgresql_where=swept
    )
    op.create_index(
        "runs_of_sweep_and_status",
        "runs",
        ["status", "sweep_id", "rank", "created_at", "id"],
        sqlite_where=swept,
        postgresql_where=swept,
    )
