"""What the engine's statistics mean, in both generations of control groups."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.adapters.docker_stats import sample_of
from nightdesk.server.ports.engine import Sample

RUNNING: dict[str, Any] = {"Status": "running", "Running": True, "Paused": False}
CPU = {"cpu_usage": {"total_usage": 1_500_000_000}}


@pytest.mark.parametrize(
    ("details", "memory"),
    [
        ({"total_inactive_file": 300, "inactive_file": 5}, 700),  # version 1: of this group and those below
        ({"inactive_file": 200}, 800),  # version 2
        ({"inactive_file": 1000}, 1000),  # read at different moments: more than all there is
        ({}, 1000),
        (None, 1000),
    ],
)
def test_memory_is_counted_without_files_that_are_only_kept_to_be_quick(
    details: dict[str, int] | None, memory: int
) -> None:
    stats = {"cpu_stats": CPU, "memory_stats": {"usage": 1000, "stats": details}}
    assert sample_of(RUNNING, stats) == Sample(1.5, memory)


def test_paused() -> None:
    stats = {"cpu_stats": CPU, "memory_stats": {"usage": 1000}}
    assert sample_of({**RUNNING, "Status": "paused", "Paused": True}, stats) == Sample(1.5, 1000, paused=True)


@pytest.mark.parametrize(
    ("state", "memory"),
    [({"Running": False}, {"usage": 1}), (RUNNING, {}), (RUNNING, None), ({}, {"usage": 1})],
)
def test_one_that_does_not_run_takes_nothing(state: dict[str, Any], memory: Any) -> None:
    assert sample_of(state, {"cpu_stats": CPU, "memory_stats": memory}) is None
