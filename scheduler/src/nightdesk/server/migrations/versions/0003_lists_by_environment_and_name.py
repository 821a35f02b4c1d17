"""lists by environment, by version and by name walk along an index

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("runs_of_environment", "runs", ["environment", "created_at", "id"], unique=False)
    op.create_index("runs_of_version", "runs", ["environment", "version", "created_at", "id"], unique=False)
    op.create_index(
        "runs_of_owner_and_environment", "runs", ["owner", "environment", "created_at", "id"], unique=False
    )
    op.create_index(
        "runs_of_owner_and_version",
        "runs",
        ["owner", "environment", "version", "created_at", "id"],
        unique=False,
    )
    op.create_index("runs_of_name", "runs", ["name", "created_at", "id"], unique=False)
