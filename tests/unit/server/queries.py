"""What a database is asked while something is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nightdesk.server.adapters.database import Database
from sqlalchemy import event

_BY_THE_CLOCK = ("policies", "turns", "spans", "errands", "announcements")


@contextmanager
def queries(database: Database) -> Iterator[list[str]]:
    """The statements, without those that come by the clock."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN") and not any(
            f"FROM {table}" in statement for table in _BY_THE_CLOCK
        ):
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
