"""The setup scripts are no package: they are put on the path for these tests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
if str(ROOT / "setup") not in sys.path:
    sys.path.insert(0, str(ROOT / "setup"))


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of what images are made from, to change."""
    for folder in ("hub", "images", "scheduler", "services"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
        )
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path) -> Callable[..., Path]:
    """Makes the folder of one version of an environment."""

    def make(name: str = "stats", version: str = "2026.1", text: str | None = None) -> Path:
        folder = tmp_path / "images" / name / version
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text("FROM ${BASE}\n")
        (folder / "environment.yaml").write_text(
            text
            if text is not None
            else f'name: {name}\nversion: "{version}"\nkernels: [{{name: python3, language: python}}]\n'
        )
        return folder

    return make
