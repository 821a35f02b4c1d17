"""Two engines to hold to one contract, and what their containers do: the same once as a play and once as a program."""

from __future__ import annotations

import contextlib
import io
import tarfile
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

import docker
from nightdesk.server.adapters.docker_engine import DockerEngine, RunContainers
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.doubles.engine import MemoryEngine, Play, Stage
from nightdesk.server.ports.engine import ContainerEngine, Sample

from .runs import DIGEST, a_run

IMAGE = "nightdesk/base:latest"
LONG = 300_000
HELD = 64 * 2**20


def prints(stage: Stage) -> Exit:
    """Two lines, then a long one; and an exit code of its own."""
    for line in (b"one", b"two \xc3\xbc", b"x" * LONG):
        stage.line(line)
    return Exit(3)


def obeys(stage: Stage) -> Exit:
    """Goes on until SIGTERM."""
    stage.line(b"ready")
    stage.wait_for_sigterm()
    stage.line(b"ending")
    return Exit(143)


def ignores(stage: Stage) -> Exit:
    """Goes on whatever it is asked."""
    stage.line(b"ready")
    stage.wait_for("never")
    return Exit(0)


def works(stage: Stage) -> Exit:
    """Computes, and holds memory and files in memory, then waits."""
    stage.takes = Sample(cpu_seconds=0.5, memory_bytes=HELD)
    stage.line(b"ready")
    stage.wait_for("never")
    return Exit(0)


PLAYS: dict[str, Play] = {"prints": prints, "obeys": obeys, "ignores": ignores, "works": works}

PROGRAMS = {
    "prints": f"""
import sys
sys.stdout.buffer.write(b"one\\ntwo \\xc3\\xbc\\n" + b"x" * {LONG} + b"\\n")
sys.exit(3)
""",
    "obeys": """
import signal, sys, time
def end(*_):
    print("ending", flush=True)
    sys.exit(143)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
""",
    "ignores": """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
""",
    "works": f"""
import time
held = b"x" * ({HELD} // 2)
with open("/tmp/held", "wb") as file:
    file.write(held)
with open("/nightdesk/work/read", "wb") as file:
    file.write(held)
open("/nightdesk/work/read", "rb").read()
while time.process_time() < 0.5:
    pass
print("ready", flush=True)
time.sleep(600)
""",
    "complains": """
import sys
print("one", flush=True)
print("what went wrong", file=sys.stderr)
sys.exit(1)
""",
    "grows": """
print("ready", flush=True)
heap = []
while True:
    heap.append(bytearray(8 * 2**20))
""",
}


class Engines(Protocol):
    """An engine, and runs whose containers do something."""

    engine: ContainerEngine

    def run(self, behaviour: str, **values: Any) -> Run:
        """A run whose container will do this."""

    def other_platform(self) -> ContainerEngine:
        """The same engine as another platform sees it."""

    def unreachable(self) -> ContainerEngine:
        """An engine that does not answer."""

    def pause(self, run: Run) -> None:
        """Freeze the run's container."""


class Memory:
    """The double."""

    def __init__(self) -> None:
        self._plays: dict[str, Play] = {}
        self.engine: ContainerEngine = self._make()

    def _make(self) -> MemoryEngine:
        engine = MemoryEngine(lambda run: self._plays[run.id])
        engine.images = {DIGEST}
        return engine

    def run(self, behaviour: str, **values: Any) -> Run:
        """A run whose container plays this."""
        run = a_run(id=uuid.uuid4().hex[:12], digest=DIGEST, **values)
        self._plays[run.id] = PLAYS[behaviour]
        return run

    def other_platform(self) -> ContainerEngine:
        """Memory of its own."""
        return self._make()

    def unreachable(self) -> ContainerEngine:
        """A double that is away."""
        engine = self._make()
        engine.away = True
        return engine


class Docker:
    """The real one, under a project of its own."""

    def __init__(self) -> None:
        self.project = f"ndcontract-{uuid.uuid4().hex[:8]}"
        self.client = docker.APIClient(version="1.45")
        self.digest = str(self.client.inspect_image(IMAGE)["Id"])
        self.volumes = [f"{self.project}_scratch", f"{self.project}_shared"]
        for name in self.volumes:
            self.client.create_volume(name)
        host = self.client.create_host_config(binds=[f"{self.volumes[0]}:/scratch"])
        self._hand = self.client.create_container(IMAGE, ["true"], user="0", host_config=host)["Id"]
        self.engine: ContainerEngine = self._make(self.project)

    def _make(self, project: str) -> DockerEngine:
        return DockerEngine(RunContainers(project, self.volumes[0], self.volumes[1]))

    def run(self, behaviour: str, **values: Any) -> Run:
        """A run whose container executes this program in the place of the runner."""
        run = a_run(id=uuid.uuid4().hex[:12], **{"digest": self.digest, **values})
        program = PROGRAMS[behaviour].encode()
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for part in ("", "/in", "/in/runner", "/work", "/out", "/result"):
                folder = tarfile.TarInfo(f"{run.id}/{run.attempt}{part}")
                folder.type, folder.mode, folder.uid, folder.gid = tarfile.DIRTYPE, 0o755, 1000, 1000
                tar.addfile(folder)
            entry = tarfile.TarInfo(f"{run.id}/{run.attempt}/in/runner/__main__.py")
            entry.size, entry.mode = len(program), 0o644
            tar.addfile(entry, io.BytesIO(program))
        assert self.client.put_archive(self._hand, "/scratch", buffer.getvalue())
        return run

    def other_platform(self) -> ContainerEngine:
        """Another project on the same engine."""
        return self._make(f"{self.project}-other")

    def unreachable(self) -> ContainerEngine:
        """A socket where nobody listens."""
        engine = self._make(self.project)
        engine._client = docker.APIClient(base_url="unix:///nonexistent/docker.sock", version="1.45")
        return engine

    def pause(self, run: Run) -> None:
        """Freeze the run's container."""
        self.client.pause(f"{self.project}-run-{run.id}-{run.attempt}")

    def inspect(self, run: Run) -> dict[str, Any]:
        """What the engine knows of the run's container."""
        found: dict[str, Any] = self.client.inspect_container(f"{self.project}-run-{run.id}-{run.attempt}")
        return found

    def close(self) -> None:
        """Remove all that was made."""
        filters = {"label": f"org.nightdesk.project={self.project}"}
        made = [container["Id"] for container in self.client.containers(all=True, filters=filters)]
        for container in [*made, self._hand]:
            with contextlib.suppress(docker.errors.APIError):
                self.client.remove_container(container, force=True)
        for network in self.client.networks(filters=filters):
            self.client.remove_network(network["Id"])
        for name in self.volumes:
            self.client.remove_volume(name)
        self.client.close()


def docker_engine() -> Iterator[Docker]:
    """The real engine, cleaned up afterwards."""
    made = Docker()
    try:
        yield made
    finally:
        made.close()
