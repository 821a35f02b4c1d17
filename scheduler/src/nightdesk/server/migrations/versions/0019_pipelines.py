"""pipelines, their steps, and which run is a step of which

Revision ID: 0019
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "pipelines",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("submitted_by", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("graph", sa.JSON(), nullable=False),
        sa.Column("pins", sa.JSON(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("files_count", sa.Integer(), nullable=False),
        sa.Column("beside", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255)),
        sa.Column("git", sa.JSON(none_as_null=True)),
        sa.Column("schedule_id", sa.String(length=32)),
        sa.Column("scheduled_at", sa.Float()),
        sa.Column("cancel_requested_at", sa.Float()),
        sa.Column("cancelled_by", sa.String(length=255)),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float()),
        sa.UniqueConstraint("owner", "key", name="pipelines_owner_key"),
    )
    op.create_index("pipelines_newest", "pipelines", ["created_at", "id"])
    op.create_index("pipelines_of_owner", "pipelines", ["owner", "created_at", "id"])
    _partial("pipelines_running", "pipelines", ["created_at"], "status = 'running'")
    op.create_table(
        "pipeline_groups",
        sa.Column("pipeline_id", sa.String(length=32), nullable=False),
        sa.Column("group_name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("pipeline_id", "group_name"),
    )
    op.create_table(
        "pipeline_steps",
        sa.Column("pipeline_id", sa.String(length=32), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.Float(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=32)),
        sa.Column("fingerprint", sa.String(length=64)),
        sa.PrimaryKeyConstraint("pipeline_id", "step", "attempt"),
    )
    _partial("pipeline_steps_going", "pipeline_steps", ["pipeline_id", "run_id"], "state = 'going'")
    op.create_index("pipeline_steps_of_run", "pipeline_steps", ["run_id"])
    _partial("pipeline_steps_made_of", "pipeline_steps", ["fingerprint"], "fingerprint IS NOT NULL")
    op.add_column("runs", sa.Column("pipeline_id", sa.String(length=32)))
    op.add_column("runs", sa.Column("step", sa.String(length=64)))
    op.add_column("runs", sa.Column("steps", sa.JSON(none_as_null=True)))


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
