"""The api's processes: forks of one that has imported everything, which end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MAIN = """
import os, signal, socket, sys, time
from nightdesk.server.web import __main__ as main, process

folder = sys.argv[1]
main._PORT, main._LEAVE_SECONDS = 0, 2

def prepare():
    open(f"{{folder}}/prepared-{{os.getpid()}}", "x").close()
    return {prepared}

def shared():
    return "the platform"

def serve(platform, door, at_gate):
    assert platform == "the platform"
    files = [f"/proc/self/fd/{{fd}}" for fd in os.listdir("/proc/self/fd")]
    count = sum(os.readlink(each).startswith("socket:") for each in files if os.path.exists(each))
    kind = "gate" if at_gate else "front"
    with open(f"{{folder}}/.{{kind}}-{{os.getpid()}}", "w") as file:
        file.write(f"{{door.family.name}} {{count}}")
    os.rename(file.name, f"{{folder}}/{{kind}}-{{os.getpid()}}")
    {then}
    return 0

process.prepare, process.shared, process.serve = prepare, shared, serve
sys.exit(main.main())
"""
SECONDS = 120


def started(folder: Path, then: str, prepared: int = 0) -> subprocess.Popen[bytes]:
    """The api's first process with others that do as told."""
    code = MAIN.format(then=then, prepared=prepared)
    environment = {**os.environ, "NIGHTDESK_GATE": str(folder / "api.sock"), "TMPDIR": str(folder)}
    return subprocess.Popen([sys.executable, "-c", code, str(folder)], env=environment)


def serving(folder: Path, count: int) -> dict[int, Path]:
    """The others by process id, once there are so many."""
    deadline = time.monotonic() + SECONDS
    while len(found := [*folder.glob("front-*"), *folder.glob("gate-*")]) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return {int(path.name.partition("-")[2]): path for path in found}


def test_each_has_the_one_socket_that_it_serves_on(tmp_path: Path) -> None:
    count = min(2, os.cpu_count() or 1) + 1
    first = started(tmp_path, "time.sleep(60)")
    try:
        found = serving(tmp_path, count)
        gates = [path for path in found.values() if path.name.startswith("gate")]
        assert len(gates) == 1
        assert gates[0].read_text() == "AF_UNIX 1"
        assert {path.read_text() for path in found.values()} == {"AF_UNIX 1", "AF_INET 2"}, (
            "the door, and where renderers come from"
        )
        [prepared] = tmp_path.glob("prepared-*")
        assert int(prepared.name.partition("-")[2]) not in {first.pid, *found}
    finally:
        first.terminate()
    assert first.wait(SECONDS) == signal.SIGTERM
    assert not any(Path(f"/proc/{pid}").exists() for pid in found)


def test_they_end_together_with_the_code_of_the_first_to_end(tmp_path: Path) -> None:
    first = started(tmp_path, "time.sleep(60 if not at_gate else 1); sys.exit(3 if at_gate else 0)")
    found = serving(tmp_path, min(2, os.cpu_count() or 1) + 1)
    assert first.wait(SECONDS) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in found)


def test_one_that_does_not_leave_is_killed(tmp_path: Path) -> None:
    then = "signal.signal(signal.SIGTERM, signal.SIG_IGN if at_gate else signal.SIG_DFL); time.sleep(60)"
    first = started(tmp_path, then)
    found = serving(tmp_path, min(2, os.cpu_count() or 1) + 1)
    first.terminate()
    assert first.wait(SECONDS) == signal.SIGTERM
    assert not any(Path(f"/proc/{pid}").exists() for pid in found)


def test_nobody_serves_where_the_database_cannot_be_prepared(tmp_path: Path) -> None:
    first = started(tmp_path, "time.sleep(60)", prepared=1)
    assert first.wait(SECONDS) == 1
    assert not [*tmp_path.glob("front-*"), *tmp_path.glob("gate-*")]


def test_what_the_api_does_not_need_is_not_in_its_memory() -> None:
    code = (
        "import sys, nightdesk.server.web.__main__; print(*{each.partition('.')[0] for each in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"docker", "alembic", "nbconvert", "weasyprint", "arro3", "obstore"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("url", ["file:///store", "s3://bucket/prefix"])
def test_what_they_share_has_opened_nothing(tmp_path: Path, url: str) -> None:
    """No file, no socket, no thread of it would be one process's own."""
    code = """
import os, sys
from nightdesk.server.web import process

def running():  # jemalloc's is that of a library that papermill imports where it finds it; it is safe to fork
    names = [open(f"/proc/self/task/{each}/comm").read() for each in os.listdir("/proc/self/task")]
    return [name for name in names if not name.startswith("jemalloc")]

def opened():
    files = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return sorted(os.readlink(each) for each in files if os.path.exists(each))

before = opened()
platform = process.shared()
assert opened() == before, (before, opened())
assert len(running()) == 1, running()
assert ("obstore" in sys.modules) is (sys.argv[1][:2] == "s3")
platform()
"""
    config = tmp_path / "nightdesk.yaml"
    shipped = (Path(__file__).parents[4] / "config/nightdesk.yaml").read_text("utf-8")
    config.write_text(
        shipped.replace("/data/", f"{tmp_path}/").replace("url: file:///store", f"url: {url}"), "utf-8"
    )
    names = (
        "STORE_KEY",
        "STORE_SECRET",
        "SERVICE_TOKEN",
        "COOKIE_SECRET",
        "SECRET_KEYS",
        "RUN_KEY",
        "REDIS_PASSWORD",
    )
    secrets = {f"NIGHTDESK_{name}": "5e" * 32 for name in names}
    environment = {**os.environ, **secrets, "NIGHTDESK_CONFIG": str(config)}
    command = [sys.executable, "-c", code, url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
