"""What the engine's statistics of a container say, for both generations of control groups."""

from __future__ import annotations

from typing import Any

from nightdesk.server.ports.engine import Sample


def sample_of(state: dict[str, Any], stats: dict[str, Any]) -> Sample | None:
    """What the container takes; None where it does not run.

    Args:
        state: ``State`` of the engine's description of the container.
        stats: one shot of its statistics. Those of a container that has ended are empty.
    """
    memory = stats.get("memory_stats") or {}
    usage = memory.get("usage")
    if not state.get("Running") or not isinstance(usage, int):
        return None
    nanoseconds = stats["cpu_stats"]["cpu_usage"]["total_usage"]
    return Sample(
        cpu_seconds=int(nanoseconds) / 1e9,
        memory_bytes=usage - _page_cache(memory.get("stats") or {}, usage),
        paused=bool(state.get("Paused")),
    )


def _page_cache(details: dict[str, int], usage: int) -> int:
    """Files that the kernel would drop first: what `docker stats` leaves out as well.

    Version 1 of control groups has them as ``total_inactive_file``, version 2 as ``inactive_file``.
    """
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    return cache if 0 <= cache < usage else 0
