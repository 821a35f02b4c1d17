"""Who is in which session and what it takes now: /hub/api/nightdesk/sessions, for whoever may read all servers.

The hub holds the engine's socket already, and is asked only while an admin looks. Two looks at a container tell its
cores; one that was looked at a while ago needs only one more.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from jupyterhub.apihandlers import APIHandler
from jupyterhub.utils import isoformat

from nightdesk_hub.accounts.problem import said
from nightdesk_hub.desk import Desk
from nightdesk_hub.engine import ENGINE_ERRORS

#: Between the two looks at a session that nobody looked at before, and how long a look is good as the first of two.
FIRST_SECONDS = 1.0
GOOD_SECONDS = 60.0
#: Who looks again sooner gets what was measured last.
AGAIN_SECONDS = 2.0
_MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """What a container's statistics said at a moment of the monotonic clock."""

    at: float
    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Cores in use, and bytes of memory."""

    cpus: float | None
    memory_bytes: int | None


NOTHING = Taken(None, None)


class Gauge:
    """Measures containers, each at most every two seconds."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._looks: OrderedDict[str, Look] = OrderedDict()
        self._last: OrderedDict[str, tuple[float, Taken]] = OrderedDict()

    async def measure(self, containers: list[str]) -> dict[str, Taken]:
        """What each of these takes now; nothing where the engine does not say."""
        now = time.monotonic()
        due = [each for each in containers if not self._is_fresh(each, now)]
        new = [each for each in due if each not in self._looks or now - self._looks[each].at > GOOD_SECONDS]
        if new:
            await asyncio.gather(*(self._first(each) for each in new))
            await asyncio.sleep(FIRST_SECONDS)
        await asyncio.gather(*(self._second(each) for each in due))
        return {each: self._last.get(each, (0.0, NOTHING))[1] for each in containers}

    def _is_fresh(self, container: str, now: float) -> bool:
        known = self._last.get(container)
        return known is not None and now - known[0] < AGAIN_SECONDS

    async def _first(self, container: str) -> None:
        look = await self._look(container)
        if look is not None:
            _keep(self._looks, container, look)

    async def _second(self, container: str) -> None:
        before = self._looks.get(container)
        look = await self._look(container)
        taken = NOTHING
        if look is not None:
            passed = look.at - before.at if before else 0.0
            cores = max(look.cpu_seconds - before.cpu_seconds, 0.0) / passed if before and passed else None
            taken = Taken(None if cores is None else round(cores, 2), look.memory_bytes)
            _keep(self._looks, container, look)
        _keep(self._last, container, (time.monotonic(), taken))

    async def _look(self, container: str) -> Look | None:
        try:
            stats = await self._engine.call("stats", container, stream=False, one_shot=True)
        except ENGINE_ERRORS:
            return None
        memory = stats.get("memory_stats") or {}
        if not isinstance(memory.get("usage"), int):
            return None
        details = memory.get("stats") or {}
        cache = details.get("total_inactive_file", details.get("inactive_file", 0))
        usage = memory["usage"] - (cache if 0 <= cache < memory["usage"] else 0)
        return Look(time.monotonic(), stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, usage)


def _keep(kept: OrderedDict[str, Any], key: str, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _MOST_REMEMBERED:
        kept.popitem(last=False)


class SessionsAPI(APIHandler):  # type: ignore[misc]
    """All sessions that go on."""

    async def get(self) -> None:
        """List them, measured."""
        if "read:servers" not in self.expanded_scopes:  # of all people, not of some
            raise said(403, "Reading everybody's sessions takes the scope read:servers.")
        desk: Desk = self.authenticator.desk
        going_on = [
            (user, spawner)
            for user in list(self.users.values())
            for spawner in list(user.spawners.values())
            if spawner.active
        ]
        names = [spawner.object_name for _, spawner in going_on if spawner.ready]
        taken = await desk.gauge.measure(names)
        self.write(
            json.dumps([_model(user, each, taken.get(each.object_name, NOTHING)) for user, each in going_on])
        )


def _model(user: Any, spawner: Any, taken: Taken) -> dict[str, Any]:
    options = spawner.user_options or {}
    record = spawner.orm_spawner
    return {
        "person": user.name,
        "name": spawner.name,
        "environment": str(options.get("environment") or ""),
        "version": str(options.get("version") or ""),
        "size": str(options.get("size") or ""),
        "ready": bool(spawner.ready),
        "started": isoformat(record.started),
        "last_activity": isoformat(record.last_activity),
        "cpus": taken.cpus,
        "cpu_limit": spawner.cpu_limit or None,
        "memory_bytes": taken.memory_bytes,
        "memory_limit": int(spawner.mem_limit) if spawner.mem_limit else None,
    }


handlers = [(r"/api/nightdesk/sessions", SessionsAPI)]
