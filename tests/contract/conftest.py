"""The database that the suites of Records run against: SQLite, the one that this version serves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{shutil.copy(empty_database, tmp_path / 'records.db')}")
    yield made
    made.close()


@pytest.fixture
def records(database: Database) -> RecordsSql:
    return RecordsSql(database)
