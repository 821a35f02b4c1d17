"""What the tests of the server share; the doubles they stand on are in nightdesk.server.doubles."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .workbench import Bench


@pytest.fixture
def benches(empty_database: Path, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Make a platform's parts, as many as a test wants; keywords are settings of runs."""
    made: list[Bench] = []

    def bench(**runs: object) -> Bench:
        path = tmp_path / f"bench-{len(made)}.db"
        shutil.copy(empty_database, path)
        made.append(Bench(path, runs))
        return made[-1]

    yield bench
    for each in made:
        each.close()


@pytest.fixture
def bench(benches: Callable[..., Bench]) -> Bench:
    """A platform's parts: real database, everything else in memory."""
    return benches()
