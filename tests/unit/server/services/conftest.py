"""What the tests of the services share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from nightdesk.server.services.watch import Watch

from .yard import Yard


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Supervisors wait a fiftieth of the time before they try something again."""

    def pause(watch: Watch, seconds: float) -> None:
        watch.leaving.wait(seconds / 50)
        watch.check_leaving()

    monkeypatch.setattr(Watch, "pause", pause)


@pytest.fixture
def only_expected_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Warnings are part of these stories; what is logged as an error is the test's own bug, a division by zero."""
    yield
    errors = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert all("ZeroDivisionError" in str(record.exc_info) for record in errors)


@pytest.fixture
def yard(tmp_path: Path, empty_database: Path) -> Iterator[Yard]:
    made = Yard(tmp_path, empty_database)
    yield made
    made.database.close()
