"""The setup scripts are no package: they are put on the path for these tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "setup"))


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture
def example(root: Path) -> Path:
    """The settings file's example."""
    return root / "config/.env.example"
