"""Ways to break a part of the platform, and to put everything right again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from ..support.platform import Platform, docker
from ..support.waiting import until

SERVICES = ("redis", "proxy", "hub", "api", "worker", "egress")
WELL_SECONDS = 90

# To the service's own processes: the engine's signals reach only the first one, which is the engine's init.
_SIGNAL = """
import os, pathlib, signal, sys
found = [p for p in pathlib.Path("/proc").glob("[0-9]*") if p.name not in {"1", str(os.getpid())}
         and b"-m\\0nightdesk.server" in (p / "cmdline").read_bytes()]
for process in found:
    os.kill(int(process.name), getattr(signal, sys.argv[1]))
assert found, "no process of the service"
"""
# Takes the database's write lock, says so, and keeps it for so many seconds.
_LOCK = """
import sqlite3, sys, time
from nightdesk.config import load
path = load("/etc/nightdesk/nightdesk.yaml").database.url.removeprefix("sqlite:///")
database = sqlite3.connect(path, timeout=60, isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[1]))
database.execute("ROLLBACK")
"""
_RING = """
import os, sys
from nightdesk.server.bootstrap import Environment, celery_app, RedisBell
url = Environment.read().redis_url
assert all(RedisBell(celery_app(url), url).ring(sys.argv[2:]) for _ in range(int(sys.argv[1])))
"""


def signal_inside(container: str, signal: str) -> None:
    """A signal such as SIGKILL to a service's own process, as the machine itself would send it."""
    docker("exec", container, "python", "-c", _SIGNAL, signal)


def started_at(platform: Platform, container: str) -> str:
    """When the engine last started it."""
    return str(platform.inspect(container)["State"]["StartedAt"])


def kill_and_start(container: str) -> None:
    """Dead in an instant, and back."""
    docker("kill", "--signal", "KILL", container)
    docker("start", container)


@contextmanager
def workers(platform: Platform, count: int) -> Iterator[list[str]]:
    """So many workers, until the block ends; the names of their containers."""
    scale(platform, count)
    try:
        yield [f"{platform.project}-worker-{number}" for number in range(1, count + 1)]
    finally:
        scale(platform, 1)


def scale(platform: Platform, count: int) -> None:
    """So many workers from now on; those that are there stay as they are."""
    options = ("--detach", "--no-build", "--no-recreate", "--no-deps", "--scale", f"worker={count}", "worker")
    platform.compose("up", *options)
    for number in range(1, count + 1):
        name = f"worker-{number}"
        until(lambda name=name: _well(platform, name), f"{name} well", WELL_SECONDS)  # type: ignore[misc]


@contextmanager
def held_still(container: str) -> Iterator[None]:
    """SIGSTOP, and SIGCONT at the end of the block."""
    signal_inside(container, "SIGSTOP")
    try:
        yield
    finally:
        signal_inside(container, "SIGCONT")


@contextmanager
def cut_off(platform: Platform, container: str) -> Iterator[None]:
    """Out of the services' network, and back at the end of the block."""
    network = f"{platform.project}_control"
    docker("network", "disconnect", network, container)
    try:
        yield
    finally:
        docker("network", "connect", "--alias", container.split("-")[-2], network, container)


@contextmanager
def cut_off_from(platform: Platform, container: str, other: str) -> Iterator[None]:
    """Nothing of what it sends arrives at the other one; its network lets everything else through."""
    found = platform.inspect(other)["NetworkSettings"]["Networks"][f"{platform.project}_control"]
    table = "add table ip cut; add chain ip cut out { type filter hook output priority 0; }; "
    rule = f"add rule ip cut out ip daddr {found['IPAddress']} drop"
    _nft(platform, container, table + rule)
    try:
        yield
    finally:
        _nft(platform, container, "delete table ip cut")


def _nft(platform: Platform, container: str, script: str) -> None:
    """Rules of a container's own network, made by another container in it."""
    image = platform.inspect(platform.service("worker"))["Image"]
    rights = ["--user", "0:0", "--cap-add", "NET_ADMIN", "--network", f"container:{container}"]
    docker("run", "--rm", *rights, image, "nft", script)


@contextmanager
def database_locked(platform: Platform, seconds: float) -> Iterator[None]:
    """Nobody can write to the database while the block goes on, at least for so long."""
    command = ["docker", "exec", platform.service("api"), "python", "-c", _LOCK, str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield
        assert holder.wait(timeout=seconds + 30) == 0


def ring_again(platform: Platform, times: int, runs: list[str]) -> None:
    """Deliver each run's message so many times more."""
    docker("exec", platform.service("worker"), "python", "-c", _RING, str(times), *runs)


def redis(platform: Platform, *command: str) -> str:
    """A command to the platform's Redis; what it answered."""
    script = 'REDISCLI_AUTH="$NIGHTDESK_REDIS_PASSWORD" exec redis-cli "$@"'
    return docker("exec", platform.service("redis"), "sh", "-c", script, "sh", *command).strip()


def log_of(container: str) -> str:
    """All that a service has said."""
    done = subprocess.run(["docker", "logs", container], capture_output=True, check=True, timeout=60)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def heal(platform: Platform) -> None:
    """Whatever a test did: all five services run, one of each, and are well."""
    ours = f"label=com.docker.compose.project={platform.project}"
    listed = docker("ps", "--all", "--filter", ours, "--format", "{{json .}}").splitlines()
    states = {str(one["Names"]): str(one["State"]) for one in map(json.loads, listed)}
    for name, state in states.items():
        if state == "paused":
            docker("unpause", name)
        elif state != "running":
            docker("start", name)
    if f"{platform.project}-worker-2" in states:
        scale(platform, 1)
    for name in SERVICES:
        until(lambda name=name: _well(platform, f"{name}-1"), f"{name} well again", WELL_SECONDS)  # type: ignore[misc]
    until(lambda: _in_reach(platform), "the api in reach again", WELL_SECONDS)


def _in_reach(platform: Platform) -> bool:
    """Whether the proxy has been told its ways again. Until then it says so, and never that there is nothing."""
    try:
        status = requests.get(f"{platform.url}/api/v1/health", timeout=10).status_code
    except requests.RequestException:
        return False
    assert status in {200, 503}, status
    return status == 200


def _well(platform: Platform, name: str) -> bool:
    state = platform.inspect(f"{platform.project}-{name}")["State"]
    return bool(state["Running"]) and state.get("Health", {}).get("Status", "healthy") == "healthy"
