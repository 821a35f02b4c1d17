"""The tables of notifications. Times are seconds since 1970 in UTC."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from nightdesk.server.adapters.schema import metadata

_WAITING = text("state = 'waiting'")

wishes = Table(
    "notice_wishes",
    metadata,
    Column("person", String(255), primary_key=True),
    Column("when", String(16), nullable=False),
    Column("email", String(320), nullable=False),
    Column("email_confirmed", Boolean, nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("code_tries", Integer, nullable=False),
    Column("code_at", Float, nullable=False),
    Column("webhook", Text, nullable=False),
    Column("slack", Text, nullable=False),
    Column("secret", Text, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("person", String(255), nullable=False),
    Column("way", String(16), nullable=False),
    Column("run_id", String(32)),
    Column("target", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, sent or failed
    Column("words", Text, nullable=False),  # why the last try failed
    Column("tries", Integer, nullable=False),
    Column("not_before", Float, nullable=False),
    Column("at", Float, nullable=False),
    UniqueConstraint("run_id", "way", name="notices_of_run"),
    Index("notices_waiting", "not_before", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("notices_of_person", "person", "id"),
    Index("notices_oldest", "at"),
)

# How far the history of runs has been looked through: one row.
marks = Table(
    "notice_marks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("change_id", BigInteger, nullable=False),
)
