"""The hub's package is no distribution: it is put on the path for these tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "hub"))


@pytest.fixture
def answer() -> dict[str, Any]:
    """The api's answer about offers."""
    from .offers_double import offers_answer

    return offers_answer()
