"""The engine's own account of the containers of runs: a second witness, whom user code cannot fool."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .waiting import until

_LABEL = "org.nightdesk."
_KINDS = ("create", "start", "die", "destroy", "pause", "unpause", "oom")
_READY_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to a run's container."""

    what: str
    run: str
    attempt: int
    container: str
    at: float  # seconds since 1970, on the engine's clock


class Seen:
    """What happened to containers of runs; any thread may read."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, int], Happened] = {}
        self._lock = threading.Lock()

    def take(self, event: dict[str, Any]) -> int:
        """One of the engine's events; the second in which it happened. One that is heard twice counts once."""
        attributes = event["Actor"]["Attributes"]
        nanoseconds = int(event["timeNano"])
        one = Happened(
            str(event["Action"]),
            str(attributes[f"{_LABEL}run"]),
            int(attributes[f"{_LABEL}attempt"]),
            str(event["Actor"]["ID"]),
            nanoseconds / 1e9,
        )
        with self._lock:
            self._seen[(one.container, one.what, nanoseconds)] = one
        return nanoseconds // 10**9

    def happened(self, run: str | None = None) -> list[Happened]:
        """Everything that happened (to one run), in order."""
        with self._lock:
            seen = sorted(self._seen.values(), key=lambda one: one.at)
        return [one for one in seen if run is None or one.run == run]

    def starts(self, run: str) -> Counter[int]:
        """How often a container of each attempt was started."""
        return Counter(one.attempt for one in self.happened(run) if one.what == "start")

    def alive_at_once(self, run: str) -> int:
        """How many containers of a run were running at the same time, at the most."""
        alive: set[str] = set()
        most = 0
        for one in self.happened(run):
            if one.what == "start":
                alive.add(one.container)
            elif one.what in {"die", "destroy"}:
                alive.discard(one.container)
            most = max(most, len(alive))
        return most


class Witness(Seen):
    """Listens to the engine's events of one platform from its making on.

    It connects again when the engine went away. What happens in between is unseen; nothing can happen to a
    container then but that it ends.
    """

    def __init__(self, project: str) -> None:
        super().__init__()
        filters = [f"label={_LABEL}project={project}", f"label={_LABEL}role=run"]
        filters += [f"event={kind}" for kind in _KINDS]
        self._filters = [part for one in filters for part in ("--filter", one)]
        self._since = str(int(time.time()))
        self._closed = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._listen, name="witness", daemon=True)
        self._thread.start()
        until(lambda: self._process is not None, "the engine's events", _READY_SECONDS)

    def close(self) -> None:
        """Listen no more."""
        self._closed.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(10)

    def _listen(self) -> None:
        while not self._closed.is_set():
            command = ["docker", "events", "--since", self._since, *self._filters, "--format", "{{json .}}"]
            with subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ) as process:
                self._process = process
                if self._closed.is_set():
                    process.terminate()
                assert process.stdout is not None
                for line in process.stdout:
                    self._since = str(self.take(json.loads(line)))
                process.terminate()
            self._closed.wait(0.2)


@contextmanager
def watching(project: str) -> Iterator[Witness]:
    """A witness, until the block ends."""
    witness = Witness(project)
    try:
        yield witness
    finally:
        witness.close()
