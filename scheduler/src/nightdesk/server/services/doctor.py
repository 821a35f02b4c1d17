"""Is the platform well, and if not, what is to be done: for `nightdesk doctor`."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records
from nightdesk.server.services.queue import ALIVE_SECONDS


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """What the filter of what leaves people's and runs' networks last said of itself."""

    ok: bool
    words: str


def examine(
    records: Records,
    store: FileStore,
    bell: Doorbell,
    egress: Callable[[], Filter],
    keys_missing: Callable[[], list[str]],
) -> list[Check]:
    """Look at every part; a part that fails does not keep the others from being looked at."""
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("database", lambda: _database(records)),
        ("workers", lambda: _workers(records)),
        ("redis", lambda: _bell(bell)),
        ("output store", lambda: _store(store)),
        ("environments", lambda: _environments(records)),
        ("egress filter", lambda: _egress(egress())),
        ("connections", lambda: _connections(keys_missing())),
    ]
    found = []
    for name, check in checks:
        try:
            found.append(check())
        except NightdeskError as error:
            found.append(Check(name, False, error.message, error.hint))
    return found


def _database(records: Records) -> Check:
    records.now()
    return Check("database", True, "answers")


def _workers(records: Records) -> Check:
    now = records.now()
    alive = [worker for worker in records.workers() if worker.seen_at > now - ALIVE_SECONDS]
    if not alive:
        hint = "Look at its log: `docker compose logs worker`."
        return Check("workers", False, "no worker gave a sign of life in the last 30 s", hint)
    slots = sum(worker.slots for worker in alive)
    return Check("workers", True, f"{len(alive)} alive, {slots} runs at a time")


def _bell(bell: Doorbell) -> Check:
    if bell.answers():
        return Check("redis", True, "answers")
    return Check("redis", False, "does not answer; runs start with a delay", "`docker compose logs redis`")


def _store(store: FileStore) -> Check:
    key = f"doctor/{secrets.token_hex(8)}"
    store.put(key, io.BytesIO(b"nightdesk"))
    store.remove(key)
    return Check("output store", True, "takes files")


def _environments(records: Records) -> Check:
    versions = records.versions()
    if not versions:
        return Check("environments", False, "none is registered", "`make up` builds and registers them.")
    return Check("environments", True, ", ".join(version.label for version in versions))


def _connections(shut: list[str]) -> Check:
    if not shut:
        return Check("connections", True, "every secret can be opened")
    hint = "Put the key back into NIGHTDESK_SECRET_KEYS (config/.env), or give secrets anew: nightdesk connection rotate."
    return Check("connections", False, f"the key is missing of: {', '.join(shut)}", hint)


def _egress(found: Filter) -> Check:
    hint = (
        None
        if found.ok
        else "Code in sessions and runs may reach this machine: `docker compose logs egress`."
    )
    return Check("egress filter", found.ok, found.words, hint)
