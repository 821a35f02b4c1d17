"""The most memory that a run used."""

from __future__ import annotations

import resource

UNLIMITED = 1 << 60


def peak_bytes(pid: int | None) -> int | None:
    """The container's peak by its control group; outside a container that of `pid` or of the largest child."""
    peak = _number("/sys/fs/cgroup/memory.peak")
    if peak is None and (_number("/sys/fs/cgroup/memory/memory.limit_in_bytes") or UNLIMITED) < UNLIMITED:
        peak = _number("/sys/fs/cgroup/memory/memory.max_usage_in_bytes")
    if peak is not None:
        return peak
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return max(children, _high_water(pid) if pid else 0) or None


def _number(path: str) -> int | None:
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _high_water(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
