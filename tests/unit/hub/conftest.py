"""The hub's package is no distribution: it is put on the path for these tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .hub_process import ADMIN_PASSWORD, Browser, Hub

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "hub"))


@pytest.fixture
def answer() -> dict[str, Any]:
    """The api's answer about offers."""
    from .offers_double import offers_answer

    return offers_answer()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    hub = Hub(tmp_path_factory.mktemp("hub"))
    try:
        hub.start()
        yield hub
    finally:
        hub.close()


@pytest.fixture(scope="module")
def admin(hub: Hub) -> Browser:
    return hub.sign_in("admin", ADMIN_PASSWORD)
