"""A run's folder for each test; the kernels are real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .run_folder import Ended, RunFolder, notebook


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


@pytest.fixture
def execute(folder: RunFolder) -> Callable[..., Ended]:
    """Execute a notebook of these code cells; keywords go into the job."""

    def run(*cells: Any, **job: Any) -> Ended:
        folder.notebook(notebook(*cells), **job)
        return folder.run()

    return run
