"""What many measurements say together."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """The median, what 95 of 100 stayed below, and the worst."""
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "median": statistics.median(ordered),
        "p95": ordered[max(-(-len(ordered) * 95 // 100) - 1, 0)],
        "max": ordered[-1],
    }
