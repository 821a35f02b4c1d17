"""The port ``ContainerEngine`` in memory: a container is a function that plays what a run does.

>>> def play(stage: Stage) -> int:
...     stage.event("started", cells=1)
...     stage.event("finished", outcome="succeeded")
...     return 0
>>> engine = MemoryEngine(lambda run: play)

Like the real one it knows one container for each run and attempt, starts none of them twice,
keeps what it printed until it is removed, and goes on when nobody watches.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from nightdesk.connection_places import ConnectionMount
from nightdesk.server.domain.errors import ContainerGone, EngineError, ImageMissing
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.engine import ContainerSeen, Sample
from nightdesk.shared_folders import SharedMount

_KILLED = 137


class Killed(BaseException):
    """Raised inside a play when its container is killed."""


class Stage:
    """What a play has: a voice, a sign to end, and cues that a test gives."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.terminated = threading.Event()
        self.killed = threading.Event()
        self.takes = Sample(cpu_seconds=0.0, memory_bytes=0)
        self._number = 0
        self._lines: list[bytes] = []
        self._ended: Exit | None = None
        self._news = threading.Condition()
        self._cues: set[str] = set()

    def event(self, event: str, /, **fields: Any) -> None:
        """Print an event, numbered as the runner does."""
        self._number += 1
        self.line(json.dumps({"n": self._number, "t": time.time(), "event": event, **fields}).encode("ascii"))

    def line(self, line: bytes) -> None:
        """Print a line."""
        with self._news:
            if self.killed.is_set():
                raise Killed
            self._lines.append(line)
            self._news.notify_all()

    def wait_for(self, cue: str) -> None:
        """Until the test says :meth:`cue`, or for ever: a container that is killed does not come back."""
        with self._news:
            self._news.wait_for(lambda: cue in self._cues or self.killed.is_set())
            if self.killed.is_set():
                raise Killed

    def wait_for_sigterm(self) -> None:
        """Until the container is asked to end."""
        while not self.terminated.wait(0.01):
            if self.killed.is_set():
                raise Killed

    def cue(self, name: str) -> None:
        """Let the play go on."""
        with self._news:
            self._cues.add(name)
            self._news.notify_all()

    def kill(self) -> None:
        """SIGKILL."""
        with self._news:
            self.killed.set()
            if self._ended is None:
                self._ended = Exit(_KILLED, at=time.time())
            self._news.notify_all()

    def perform(self, play: Play) -> None:
        """Play to the end; the thread's body."""
        ended: Exit | int = Exit(1, message="the play itself failed")
        try:
            with contextlib.suppress(Killed):
                ended = play(self)
        finally:
            with self._news:
                if self._ended is None:
                    self._ended = replace(ended if isinstance(ended, Exit) else Exit(ended), at=time.time())
                self._news.notify_all()

    def ended(self, timeout: float) -> Exit | None:
        """How it ended, if it has within so many seconds."""
        with self._news:
            self._news.wait_for(lambda: self._ended is not None, timeout)
            return self._ended

    def next_line(self, index: int, given_up: Callable[[], bool]) -> bytes | None:
        """The line of this index, as soon as there is one; None at the end."""
        with self._news:
            while len(self._lines) <= index and self._ended is None and not given_up():
                self._news.wait(0.05)
            return self._lines[index] if len(self._lines) > index and not given_up() else None


Play = Callable[[Stage], Exit | int]


class _Container:
    def __init__(self, identity: str, run: Run) -> None:
        self.identity = identity
        self.run = run
        self.state = "created"
        self.stage = Stage(run)


class _Follower:
    def __init__(self, engine: MemoryEngine, stage: Stage) -> None:
        self._engine = engine
        self._stage = stage
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        for index in itertools.count():
            line = self._stage.next_line(index, lambda: self._closed or self._engine.away)
            if self._closed:
                return
            if self._engine.away:
                raise EngineError("the container's output broke off: ConnectionError")
            if line is None:
                return
            yield line

    def close(self) -> None:
        self._closed = True


class MemoryEngine:
    """Run containers in memory.

    ``starts`` lists run and attempt of every start of code, ``images`` which digests there are (None: any),
    ``away`` is an engine that does not answer while its containers go on.
    """

    def __init__(self, plays: Callable[[Run], Play]) -> None:
        self.starts: list[tuple[str, int]] = []
        self.creates: list[tuple[str, int]] = []
        self.shared: dict[tuple[str, int], tuple[SharedMount, ...]] = {}
        self.places: dict[tuple[str, int], tuple[ConnectionMount, ...]] = {}
        self.images: set[str] | None = None
        self.away = False
        self._plays = plays
        self._containers: dict[tuple[str, int], _Container] = {}
        self._lock = threading.Lock()
        self._count = itertools.count(1)

    def create(
        self,
        run: Run,
        shared: tuple[SharedMount, ...] = (),
        places: tuple[ConnectionMount, ...] = (),
    ) -> ContainerSeen:
        """The container of this run's attempt: made now, or the one that is there already."""
        self._check()
        with self._lock:
            container = self._containers.get((run.id, run.attempt))
            if container is None:
                if self.images is not None and run.digest not in self.images:
                    raise ImageMissing(f"the image of {run.environment}:{run.version} is not on this machine")
                container = _Container(f"memory-{next(self._count)}", run)
                self._containers[run.id, run.attempt] = container
                self.creates.append((run.id, run.attempt))
                self.shared[run.id, run.attempt] = shared
                self.places[run.id, run.attempt] = places
            return _seen(container)

    def start(self, container: ContainerSeen) -> None:
        """Start it unless it was started before, whatever ``container`` says of its state."""
        self._check()
        with self._lock:
            found = self._there(container)
            if found.state != "created":
                return
            found.state = "running"
            self.starts.append((found.run.id, found.run.attempt))
        name = f"container-{found.run.id}-{found.run.attempt}"
        play = self._plays(found.run)
        threading.Thread(target=found.stage.perform, args=(play,), name=name, daemon=True).start()

    def find(self, run: Run) -> ContainerSeen | None:
        """The container of this run's attempt."""
        self._check()
        container = self._containers.get((run.id, run.attempt))
        return None if container is None else _seen(container)

    def follow(self, container: ContainerSeen) -> _Follower:
        """Its output from the start."""
        self._check()
        return _Follower(self, self._there(container).stage)

    def wait(self, container: ContainerSeen, timeout: float) -> Exit | None:
        """How it ended, if it has within ``timeout`` seconds."""
        self._check()
        stage = self._there(container).stage
        ended = stage.ended(timeout)
        self._there(container)
        return ended

    def sample(self, container: ContainerSeen) -> Sample | None:
        """What the play says that it takes."""
        self._check()
        found = self._there(container)
        if found.state == "created" or found.stage.ended(0) is not None:
            return None
        return found.stage.takes

    def stop(self, container: ContainerSeen, grace_seconds: float) -> None:
        """SIGTERM, and SIGKILL after the grace."""
        self._check()
        stage = self._there(container).stage
        stage.terminated.set()
        if stage.ended(grace_seconds) is None:
            stage.kill()

    def remove(self, container: ContainerSeen) -> None:
        """Kill and forget it."""
        self._check()
        with self._lock:
            found = self._containers.pop((container.run_id, container.attempt), None)
        if found is not None:
            found.stage.kill()

    def all(self) -> list[ContainerSeen]:
        """Every container there is."""
        self._check()
        return [_seen(container) for container in list(self._containers.values())]

    def version(self) -> str:
        """A sign that it answers."""
        self._check()
        return "memory"

    def stage(self, run: Run) -> Stage:
        """The stage of this run's attempt, for a test to give cues on."""
        return self._containers[run.id, run.attempt].stage

    def _check(self) -> None:
        if self.away:
            raise EngineError("the container engine does not answer: ConnectionError")

    def _there(self, container: ContainerSeen) -> _Container:
        found = self._containers.get((container.run_id, container.attempt))
        if found is None or found.identity != container.id:
            raise ContainerGone(f"No such container: {container.id}")
        return found


def _seen(container: _Container) -> ContainerSeen:
    state = "exited" if container.stage.ended(0) is not None else container.state
    return ContainerSeen(container.identity, container.run.id, container.run.attempt, state)
