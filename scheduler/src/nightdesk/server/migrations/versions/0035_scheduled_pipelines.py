"""which pipeline a time of a schedule made

Revision ID: 0035
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("schedule_ticks", sa.Column("pipeline_id", sa.String(length=32)))
