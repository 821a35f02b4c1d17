"""Alembic's entry: migrations run on the engine that the platform already has."""

from __future__ import annotations

from alembic import context
from nightdesk.server.adapters import metric_tables, report_tables  # noqa: F401 - they add their tables
from nightdesk.server.adapters.schema import metadata

engine = context.config.attributes["engine"]
with engine.connect().execution_options(nightdesk_write=True) as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
