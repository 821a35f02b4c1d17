"""The table of outputs that were removed, as far as the store still has them."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from nightdesk.server.adapters.schema import metadata

to_clear = Table("outputs_to_clear", metadata, Column("run_id", String(32), primary_key=True))
