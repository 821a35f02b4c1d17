"""The processor time that a run used."""

from __future__ import annotations

import os

from .memory import in_container


def seconds_used(pid: int | None) -> float:
    """Of all cores together: the container's by its control group; outside one, of this process and of `pid`."""
    if in_container():
        used = _of_version_2() or _of_version_1()
        if used is not None:
            return used
    return sum(os.times()[:4]) + (_of_process(pid) if pid else 0.0)


def _of_version_2() -> float | None:
    try:
        with open("/sys/fs/cgroup/cpu.stat") as file:
            numbers = dict(line.split() for line in file)
        return int(numbers["usage_usec"]) / 1e6
    except (OSError, ValueError, KeyError):
        return None


def _of_version_1() -> float | None:
    try:
        with open("/sys/fs/cgroup/cpuacct/cpuacct.usage") as file:
            return int(file.read()) / 1e9
    except (OSError, ValueError):
        return None


def _of_process(pid: int) -> float:
    """User and system time, fields 14 and 15; what stands before them, the name in brackets, may contain anything."""
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
