"""how long runs of a name took is found in an index of those that succeeded

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    succeeded = sa.text("status = 'succeeded'")
    op.create_index(
        "runs_succeeded",
        "runs",
        ["owner", "name", "created_at"],
        sqlite_where=succeeded,
        postgresql_where=succeeded,
    )
