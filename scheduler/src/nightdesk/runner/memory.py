"""The most memory that a run used."""

from __future__ import annotations

import resource

UNLIMITED = 1 << 60


def in_container() -> bool:
    """Whether the control group that is seen here is this container's and not the whole machine's."""
    if _number("/sys/fs/cgroup/memory.peak") is not None:
        return True
    return (_number("/sys/fs/cgroup/memory/memory.limit_in_bytes") or UNLIMITED) < UNLIMITED


def peak_bytes(pid: int | None) -> int | None:
    """The container's peak by its control group; outside a container that of `pid` or of the largest child."""
    if in_container():
        peak = _number("/sys/fs/cgroup/memory.peak")
        if peak is None:
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
