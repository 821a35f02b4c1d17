"""how people hear of the ends of their runs

Revision ID: 0016
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"


def upgrade() -> None:
    waiting = sa.text("state = 'waiting'")
    op.add_column("runs", sa.Column("notify", sa.String(length=16), nullable=True))
    op.create_table(
        "notice_wishes",
        sa.Column("person", sa.String(length=255), nullable=False),
        sa.Column("when", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_confirmed", sa.Boolean(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("code_at", sa.Float(), nullable=False),
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("slack", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_table(
        "notices",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("person", sa.String(length=255), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id", "way", name="notices_of_run"),
    )
    op.create_index(
        "notices_waiting", "notices", ["not_before"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index("notices_of_person", "notices", ["person", "id"])
    op.create_index("notices_oldest", "notices", ["at"])
    marks = op.create_table(
        "notice_marks",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    # Nobody hears of what ended before there were notifications.
    last = op.get_bind().execute(sa.text("select coalesce(max(id), 0) from run_changes")).scalar_one()
    op.bulk_insert(marks, [{"name": "ends", "change_id": last}])
