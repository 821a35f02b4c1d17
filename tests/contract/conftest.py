"""The database that the suites of Records run against: SQLite, the one that this version serves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/records.db")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def records(database: Database) -> RecordsSql:
    return RecordsSql(database)
