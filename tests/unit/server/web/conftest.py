"""One web application for the tests of a module; each test makes the runs it looks at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..workbench import Bench
from .site import Site


@pytest.fixture(scope="module")
def site(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("site") / "site.db"
    shutil.copy(empty_database, path)
    bench = Bench(path, {"max_source": "64K", "max_files": "1M"})
    made = Site(bench)
    yield made
    made.stop()
    bench.close()
