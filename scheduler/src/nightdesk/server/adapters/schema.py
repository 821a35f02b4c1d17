"""The tables, as the newest migration leaves them. Times are seconds since 1970 in UTC."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()
_ALIVE = text("status IN ('starting', 'running')")
_QUEUED = text("status = 'queued'")
_OPEN = text("ended_at IS NULL")
_OFFERED = text("status = 'queued' AND offered_at IS NOT NULL")
_SWEPT = text("sweep_id IS NOT NULL")
SUCCEEDED = text("status = 'succeeded'")

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("submitted_by", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("file", String(255), nullable=False),
    Column("environment", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("digest", String(80), nullable=False),
    Column("kernel", String(128)),
    Column("size", String(32), nullable=False),
    Column("cpus", Float, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("timeout_seconds", Float, nullable=False),
    Column("cell_timeout_seconds", Float),
    Column("pids_limit", Integer, nullable=False),
    Column("disk_bytes", BigInteger, nullable=False),
    Column("output_bytes", BigInteger, nullable=False),
    Column("priority", String(16), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("retry_wait_seconds", Float, nullable=False),
    Column("expected_seconds", Float),
    Column("parameters", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("key", String(255)),
    Column("notify", String(16)),
    Column("input_sha256", String(64), nullable=False),
    Column("files_count", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("error_type", String(200)),
    Column("error_message", Text),
    Column("error_cell", Integer),
    Column("attempt", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("worker", String(128)),
    Column("not_before", Float),
    Column("offered_at", Float),
    Column("cancel_requested_at", Float),
    Column("cancelled_by", String(255)),
    Column("ending", String(16)),
    Column("cell", Integer, nullable=False),
    Column("cells", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("started_uptime", Float),
    Column("finished_at", Float),
    Column("peak_memory_bytes", BigInteger),
    Column("schedule_id", String(32)),
    Column("scheduled_at", Float),
    Column("pipeline_id", String(32)),
    Column("step", String(64)),
    Column("steps", JSON(none_as_null=True)),
    Column("sweep_id", String(32)),
    Column("sweep_place", Integer),
    Column("git", JSON(none_as_null=True)),
    Column("sources", JSON(none_as_null=True)),
    Column("kept_by", String(255)),
    Column("kept_at", Float),
    Column("removed_at", Float),
    Column("removed_why", Text),
    Column("removed_bytes", BigInteger),
    UniqueConstraint("owner", "key", name="runs_owner_key"),
    Index("runs_newest", "created_at", "id"),
    Index("runs_of_owner", "owner", "created_at", "id"),
    Index("runs_of_status", "status", "created_at", "id"),
    Index("runs_of_owner_and_status", "owner", "status", "created_at", "id"),
    Index("runs_of_owner_and_name", "owner", "name", "created_at"),
    Index(
        "runs_succeeded",
        "owner",
        "name",
        "created_at",
        sqlite_where=SUCCEEDED,
        postgresql_where=SUCCEEDED,
    ),
    Index("runs_of_name", "name", "created_at", "id"),
    Index("runs_of_environment", "environment", "created_at", "id"),
    Index("runs_of_version", "environment", "version", "created_at", "id"),
    Index("runs_of_owner_and_environment", "owner", "environment", "created_at", "id"),
    Index("runs_of_owner_and_version", "owner", "environment", "version", "created_at", "id"),
    # Only what goes on, and what waits in each person's own order: small however many runs have ended.
    Index("runs_alive", "status", "worker", sqlite_where=_ALIVE, postgresql_where=_ALIVE),
    Index(
        "runs_waiting",
        "owner",
        "rank",
        "created_at",
        "id",
        sqlite_where=_QUEUED,
        postgresql_where=_QUEUED,
    ),
    Index("runs_of_sweep", "sweep_id", "created_at", "id", sqlite_where=_SWEPT, postgresql_where=_SWEPT),
    Index(
        "runs_of_sweep_and_status",
        "status",
        "sweep_id",
        "rank",
        "created_at",
        "id",
        sqlite_where=_SWEPT,
        postgresql_where=_SWEPT,
    ),
    Index("runs_offered", "offered_at", sqlite_where=_OFFERED, postgresql_where=_OFFERED),
)

# The groups that a run's owner was in when it was submitted: those who may see it through one of them find it here.
run_groups = Table(
    "run_groups",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("group_name", String(255), primary_key=True),
    Column("owner", String(255), nullable=False),
    Index("run_groups_owners", "group_name", "owner", "run_id"),
)

policies = Table(
    "policies",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("reads", String(16), nullable=False),
    Column("cancels", String(16), nullable=False),
    Column("sizes", JSON),
    Column("limits", JSON, nullable=False),
    Column("together", Integer),
)

# What people had of the machine, and for how long: each attempt of a run, each session. Open ones go on.
spans = Table(
    "spans",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("kind", String(8), nullable=False),  # run or session
    Column("person", String(255), nullable=False),
    Column("ref", String(255), nullable=False),  # a run's id, a session's name
    Column("attempt", Integer, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("size", String(32), nullable=False),
    Column("cpus", Float, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Index("spans_of_person", "person", "kind", "ended_at"),
    Index("spans_of_ref", "ref", "attempt"),
    Index("spans_ended", "ended_at"),
    Index("spans_open", "kind", "person", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

homes = Table(
    "homes",
    metadata,
    Column("person", String(255), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("measured_at", Float, nullable=False),
)

# Whose turn something is that one process does now and then; a wish makes it somebody's turn at once.
turns = Table(
    "turns",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("at", Float, nullable=False),
)

# What small runs were handed over with.
inputs = Table(
    "run_inputs",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("content", LargeBinary, nullable=False),  # deflated
)

changes = Table(
    "run_changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("run_id", String(32), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("status", String(16), nullable=False),
    Column("worker", String(128)),
    Column("reason", Text),
    Column("note", Text),  # of a line that is about something else than status and worker: what happened
)

# Who is disabled at the hub, or just being removed: no run is accepted for them.
departed = Table(
    "departed",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("at", Float, nullable=False),
    Column("by", String(255), nullable=False),
)

log = Table(
    "run_log",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("start", BigInteger, nullable=False),
    Column("stream", String(8), nullable=False),
    Column("cell", Integer),
    Column("text", Text, nullable=False),
    Column("written_at", Float, nullable=False),
)

usage = Table(
    "run_usage",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("at", Float, primary_key=True),
    Column("cpus", Float, nullable=False),  # cores in use since the sample before
    Column("memory_bytes", BigInteger, nullable=False),
    Column("disk_bytes", BigInteger, nullable=False),
    Index("run_usage_oldest", "at"),
)

outputs = Table(
    "outputs",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("name", String(1024), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column(
        "beat", Integer, nullable=False
    ),  # counts up; who sees it stand still knows that the worker is gone
    Column("seen_at", Float, nullable=False),
)

_HAS_OBJECT = text("object <> ''")
_HAS_WHOM = text("whom <> ''")

# Triggers of the database refuse to change or delete an entry: see migration 0006.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("by", String(255), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(255), nullable=False),
    Column("whom", String(255), nullable=False),
    Column("address", String(64), nullable=False),
    Column("means", String(16), nullable=False),
    Column("words", Text, nullable=False),
    Column("key", String(64)),
    Column("hash", String(64), nullable=False),
    Index("audit_newest", "at", "id"),
    Index("audit_by", "by", "at", "id"),
    Index("audit_action", "action", "at", "id"),
    Index("audit_address", "address", "at", "id"),
    Index("audit_object", "object", "at", "id", sqlite_where=_HAS_OBJECT, postgresql_where=_HAS_OBJECT),
    Index("audit_whom", "whom", "at", "id", sqlite_where=_HAS_WHOM, postgresql_where=_HAS_WHOM),
    Index(
        "audit_key",
        "key",
        unique=True,
        sqlite_where=text("key IS NOT NULL"),
        postgresql_where=text("key IS NOT NULL"),
    ),
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("by", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Column("level", String(16), nullable=False),
    Column("link", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("until", Float),
    Column("before_sign_in", Boolean, nullable=False),
    Column("cleared_at", Float),
    Column("cleared_by", String(255)),
)
