"""Random faults, one every few seconds: to the services by one hand, to containers of runs by another."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..faults.breaking import cut_off, database_locked, redis, scale, signal_inside
from ..support.platform import Platform, docker

# What a command says of a container that another fault, or its own end, has reached before.
FAILURES = (AssertionError, subprocess.SubprocessError, ValueError)


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to what, and when."""

    name: str
    what: str  # a service's container, or a run
    host: str  # the name that a service's container has inside
    began: float  # seconds since 1970
    took: float


class Hand(threading.Thread):
    """Does a fault, waits a little, does the next."""

    def __init__(self, name: str, platform: Platform, seed: str, pause: tuple[float, float]) -> None:
        super().__init__(name=name, daemon=True)
        self.platform = platform
        self.done: list[Fault] = []
        self.chance = random.Random(f"{seed} {name}")  # noqa: S311  # no secret
        self._pause = pause
        self._enough = threading.Event()

    def enough(self) -> None:
        """Do no more."""
        self._enough.set()

    def run(self) -> None:
        while not self._enough.wait(self.chance.uniform(*self._pause)):
            with contextlib.suppress(*FAILURES):
                self.strike()

    def strike(self) -> None:
        """One fault."""
        raise NotImplementedError

    def wait(self, longest: float) -> None:
        """How long the fault lasts."""
        self._enough.wait(self.chance.uniform(0, longest))

    @contextmanager
    def noted(self, name: str, what: str, host: str = "") -> Iterator[None]:
        """Put a fault on the list, whether it goes well or not."""
        began = time.time()
        try:
            yield
        finally:
            self.done.append(Fault(name, what, host, began, time.time() - began))


class OnServices(Hand):
    """Kills, stops, pauses and empties services."""

    def strike(self) -> None:
        faults: dict[Callable[[str], None], tuple[int, tuple[str, ...]]] = {
            self._kill: (6, ("worker", "worker", "worker", "api", "redis", "hub", "proxy")),
            self._crash: (4, ("worker", "worker", "api")),
            self._restart: (3, ("worker", "api", "hub", "proxy", "redis")),
            self._pause_service: (4, ("worker", "worker", "api", "redis", "hub")),
            self._flush: (2, ("redis",)),
            self._second_worker: (3, ("worker",)),
            self._cut_off: (1, ("worker",)),
            self._lock: (1, ("api",)),
        }
        fault = self.chance.choices(list(faults), [weight for weight, _ in faults.values()])[0]
        service = self.chance.choice(faults[fault][1])
        containers = self._containers(service)
        container = self.chance.choice(sorted(containers))
        with self.noted(fault.__name__.strip("_").replace("_", " "), container, containers[container]):
            fault(container)

    def _containers(self, service: str) -> dict[str, str]:
        """A service's containers by name, each with the name that it has inside."""
        filters = [f"label=com.docker.compose.project={self.platform.project}"]
        filters.append(f"label=com.docker.compose.service={service}")
        flags = [part for one in filters for part in ("--filter", one)]
        listed = docker("ps", "--all", *flags, "--format", "{{.Names}} {{.ID}}").splitlines()
        return dict(line.split() for line in listed)

    def _kill(self, container: str) -> None:
        docker("kill", "--signal", "KILL", container)
        self.wait(10)
        docker("start", container)

    def _crash(self, container: str) -> None:
        signal_inside(container, "SIGKILL")

    def _restart(self, container: str) -> None:
        docker("restart", container)

    def _pause_service(self, container: str) -> None:
        docker("pause", container)
        try:
            self.wait(40 if "-worker-" in container else 8)
        finally:
            docker("unpause", container)

    def _flush(self, _container: str) -> None:
        redis(self.platform, "FLUSHALL")

    def _second_worker(self, _container: str) -> None:
        scale(self.platform, 3 - len(self._containers("worker")))

    def _cut_off(self, container: str) -> None:
        with cut_off(self.platform, container):
            self.wait(15)

    def _lock(self, _container: str) -> None:
        with database_locked(self.platform, self.chance.uniform(0, 15)):
            pass


class OnRuns(Hand):
    """Kills, pauses and removes containers of runs, as somebody with the engine's command might."""

    def strike(self) -> None:
        running = sorted(self.platform.containers("run"))
        if not running:
            return
        container = self.chance.choice(running)
        run = container.removeprefix(f"{self.platform.project}-run-").rpartition("-")[0]
        fault = self.chance.choice((self._kill, self._remove, self._pause_run, self._pause_run))
        with self.noted(fault.__name__.strip("_").replace("_", " "), run):
            fault(container)

    def touched(self) -> Counter[str]:
        """The runs whose container was killed or removed, and how often."""
        return Counter(one.what for one in self.done if not one.name.startswith("pause"))

    def _kill(self, container: str) -> None:
        docker("kill", "--signal", self.chance.choice(("KILL", "TERM")), container)

    def _remove(self, container: str) -> None:
        docker("rm", "--force", container)

    def _pause_run(self, container: str) -> None:
        docker("pause", container)
        try:
            self.wait(10)
        finally:
            docker("unpause", container)
