"""What the services hold in memory when nobody uses them."""

from __future__ import annotations

import time
from typing import Any

import docker

MEGABYTE = 10**6
STEADY = 0.01  # the total has settled when it changes by less than this …
STEADY_SECONDS = 5  # … between two looks so far apart
PATIENCE_SECONDS = 60


def idle_memory(project: str) -> dict[str, Any]:
    """Megabytes of each service and of all together, once the total has settled.

    `working_set` is what `docker stats` shows: all memory charged to the container without file
    cache that could be dropped. `resident` is anonymous memory alone, the processes' own.
    """
    client = docker.from_env(version="auto")
    try:
        services = client.containers.list(filters={"label": f"com.docker.compose.project={project}"})
        deadline = time.monotonic() + PATIENCE_SECONDS
        before, seen = None, _look(services)
        while not _steady(before, seen) and time.monotonic() < deadline:
            time.sleep(STEADY_SECONDS)
            before, seen = seen, _look(services)
        return {"services": seen, "total": _total(seen)}
    finally:
        client.close()


def _look(services: list[Any]) -> list[dict[str, Any]]:
    found = []
    for service in services:
        used = service.stats(stream=False)["memory_stats"]
        details = used["stats"]  # cgroup v1 and v2 call the same things differently
        cache = details.get("total_inactive_file", details.get("inactive_file", 0))
        found.append(
            {
                "name": service.labels["com.docker.compose.service"],
                "working_set": (used["usage"] - cache) / MEGABYTE,
                "resident": details.get("total_rss", details.get("anon", 0)) / MEGABYTE,
            }
        )
    return sorted(found, key=lambda one: one["name"])


def _total(services: list[dict[str, Any]]) -> dict[str, Any]:
    return {kind: sum(service[kind] for service in services) for kind in ("working_set", "resident")}


def _steady(before: list[dict[str, Any]] | None, now: list[dict[str, Any]]) -> bool:
    if before is None:
        return False
    old, new = _total(before)["working_set"], _total(now)["working_set"]
    return bool(abs(new - old) < STEADY * new)
