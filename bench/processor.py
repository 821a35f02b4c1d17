"""Processor time: it says what something costs even while others use the machine as well."""

from __future__ import annotations

import os
from pathlib import Path

import docker

SERVICES = ("proxy", "hub", "api", "worker", "redis")


class Processor:
    """CPU-seconds that the services of a platform, and the machine as a whole, have used so far."""

    def __init__(self, project: str) -> None:
        self._client = docker.from_env(version="auto")
        self._services = [f"{project}-{name}-1" for name in SERVICES]

    def used(self) -> dict[str, float]:
        """Seconds by service; `machine` is everything on it, whoever's."""
        found = {"machine": machine()}
        for name, container in zip(SERVICES, self._services, strict=True):
            seen = self._client.api.stats(container, stream=False, one_shot=True)
            found[name] = seen["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
        return found

    def close(self) -> None:
        """Close the connection to the engine."""
        self._client.close()


def machine() -> float:
    """CPU-seconds of everything on this machine since its start, idle time left out."""
    user, nice, system, _idle, _wait, irq, soft, *_ = (
        Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return sum(map(int, (user, nice, system, irq, soft))) / os.sysconf("SC_CLK_TCK")


def each(before: dict[str, float], after: dict[str, float], count: int) -> dict[str, float]:
    """Seconds for each of so many."""
    return {name: (after[name] - before[name]) / count for name in before}
