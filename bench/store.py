"""A large output into the store and out of it, beside a plain copy of as much, and what the services hold meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import docker as engine
import obstore
from obstore.store import S3Store

from tests.support.bucket_platform import PREFIX
from tests.support.object_store import ObjectStore
from tests.support.people import NIGHTDESK, Person
from tests.support.platform import Platform, docker
from tests.support.runs import Runs

NAME = "large.bin"
LOOK_SECONDS = 0.25
SECONDS_A_GIGABYTE = 240.0
WRITE = """
import os
block = os.urandom(2**20)
with open({path}, "wb") as file:
    for _ in range({megabytes}):
        file.write(block)
"""
PLAIN_UPLOAD = """
import json, pathlib, sys, time, obstore
from obstore.store import S3Store
said = json.loads(sys.argv[1])
store = S3Store(said["bucket"], config=said["config"], client_options={"allow_http": True, "timeout": "120s"})
began = time.perf_counter()
obstore.put(store, "bench/plain", pathlib.Path("/scratch/bench.bin"), chunk_size=8 * 2**20, max_concurrency=3)
print(time.perf_counter() - began)
"""


def store(
    platform: Platform, folder: Path, megabytes: int, server: ObjectStore | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """Seconds of each, and the most memory that api and worker held; with `server` the store is its bucket."""
    plain = _Bucket(platform, server) if server else _Folder(platform)
    admin = Person(platform, "admin", "", platform.admin_token)
    say(f"a plain copy of {megabytes} MB into the {plain.kind}")
    _make(platform, megabytes)
    ups = [plain.into()]
    say("a run that leaves as much")
    with _watching(platform) as seen:
        time.sleep(3)  # at rest, for the difference
    rest = seen.most
    with _watching(platform) as seen:
        run, up = _leave(admin.runs, platform, megabytes)
    memory_up = seen.most
    say("a plain copy again, and out of it")
    ups.append(plain.into())
    docker("exec", platform.service("worker"), "rm", "-f", "/scratch/bench.bin")
    downs = [plain.out_to(folder / "plain.bin", run)]
    say("the download of the run's output")
    with _watching(platform) as seen:
        down = _download(admin, run, folder / "outputs", megabytes)
    shutil.rmtree(folder / "outputs")
    downs.append(plain.out_to(folder / "plain.bin", run))
    return {
        "kind": plain.kind,
        "megabytes": megabytes,
        "upload": _figures(up, ups),
        "download": _figures(down, downs),
        "rest": rest,
        "memory": {name: max(memory_up[name], seen.most[name]) for name in memory_up},
    }


def _download(person: Person, run: str, folder: Path, megabytes: int) -> float:
    """Seconds of `nightdesk download`, as somebody elsewhere has it: to the proxy's own address.

    On the loopback a program of the engine's stands before the proxy and copies all that passes; what comes
    from elsewhere the kernel forwards.
    """
    networks = person.platform.inspect(person.platform.service("proxy"))["NetworkSettings"]["Networks"]
    address = networks[f"{person.platform.project}_control"]["IPAddress"]
    environment = {**person.environment(), "NIGHTDESK_URL": f"http://{address}:8000/services/nightdesk"}
    began = time.perf_counter()
    subprocess.run(
        [NIGHTDESK, "download", run, str(folder)],
        env=environment,
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
        timeout=megabytes / 1024 * SECONDS_A_GIGABYTE,
    )
    return time.perf_counter() - began


def _figures(mine: float, plain: list[float]) -> dict[str, float]:
    """`ratio` is how fast ours is as a part of the plain copy's speed."""
    theirs = statistics.mean(plain)
    return {"seconds": mine, "plain": theirs, "ratio": theirs / mine}


def _make(platform: Platform, megabytes: int) -> None:
    """As a run would write it, on the volume of runs."""
    code = WRITE.format(path="'/scratch/bench.bin'", megabytes=megabytes)
    docker(
        "exec",
        platform.service("worker"),
        "python",
        "-c",
        code,
        seconds=megabytes / 1024 * SECONDS_A_GIGABYTE,
    )


def _leave(runs: Runs, platform: Platform, megabytes: int) -> tuple[str, float]:
    """The run, and the seconds from the end of its container until it is over: its outputs are in the store then."""
    path = "os.path.join(os.environ['NIGHTDESK_OUTPUT_DIR'], 'large.bin')"
    ended: list[float] = []
    client = engine.from_env(version="auto")
    wanted = {
        "event": "die",
        "label": [f"org.nightdesk.project={platform.project}", "org.nightdesk.role=run"],
    }
    events = client.events(decode=True, filters=wanted)
    listener = threading.Thread(
        target=lambda: ended.extend(one["timeNano"] / 1e9 for one in events), daemon=True
    )
    listener.start()
    try:
        code = WRITE.format(path=path, megabytes=megabytes).encode()
        run = str(runs.submit(code, "leave.py", size="medium")["id"])
        over = runs.end(run, 60 + megabytes / 1024 * SECONDS_A_GIGABYTE)
        assert over["status"] == "succeeded", over
        assert ended, "the engine told of no end"
        return run, datetime.fromisoformat(over["finished_at"]).timestamp() - ended[0]
    finally:
        events.close()
        client.close()


@dataclass
class _Seen:
    most: dict[str, float] = field(default_factory=dict)


@contextmanager
def _watching(platform: Platform) -> Iterator[_Seen]:
    """The most anonymous memory, in megabytes, that api and worker hold in the block."""
    client = engine.from_env(version="auto")
    seen, over = _Seen(), threading.Event()

    def look() -> None:
        while not over.is_set():
            for name in ("api", "worker"):
                stats = client.api.stats(platform.service(name), stream=False, one_shot=True)["memory_stats"][
                    "stats"
                ]
                now = stats.get("total_rss", stats.get("anon", 0)) / 10**6
                seen.most[name] = max(seen.most.get(name, 0.0), now)
            over.wait(LOOK_SECONDS)

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    try:
        yield seen
    finally:
        over.set()
        looker.join(10)
        client.close()


class _Folder:
    """`cp` to and from the volume of the store, until it is on the disk, as the store and the download have it."""

    kind = "folder"

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def into(self) -> float:
        """Seconds of a copy from the volume of runs."""
        script = (
            "import os, subprocess, time\nbegan = time.perf_counter()\n"
            "subprocess.run(['cp', '/scratch/bench.bin', '/store/bench.bin'], check=True)\n"
            "subprocess.run(['sync', '/store/bench.bin'], check=True)\n"
            "print(time.perf_counter() - began)\nos.remove('/store/bench.bin')"
        )
        return float(docker("exec", self._platform.service("worker"), "python", "-c", script, seconds=1200))

    def out_to(self, target: Path, run: str) -> float:
        """Seconds of a copy of the run's output to where it is downloaded."""
        source = f"/store/runs/{run}/1/outputs/{NAME}"
        script = (
            "import subprocess, time; began = time.perf_counter(); "
            f"subprocess.run(['cp', {source!r}, '/to/{target.name}'], check=True); "
            f"subprocess.run(['sync', '/to/{target.name}'], check=True); print(time.perf_counter() - began)"
        )
        volumes = ["-v", f"{self._platform.project}_store:/store:ro", "-v", f"{target.parent}:/to"]
        taken = docker("run", "--rm", *volumes, "nightdesk/scheduler", "python", "-c", script, seconds=1200)
        target.unlink()
        return float(taken)


class _Bucket:
    """The same library by itself: a file put, an object got."""

    kind = "bucket"

    def __init__(self, platform: Platform, server: ObjectStore) -> None:
        self._platform, self._server = platform, server
        self._config: Any = {
            "access_key_id": server.access_key,
            "secret_access_key": server.secret_key,
            "endpoint": server.endpoint,
            "region": server.region,
            "virtual_hosted_style_request": False,
        }

    def into(self) -> float:
        """Seconds of an upload from the volume of runs."""
        said = json.dumps({"bucket": self._server.bucket, "config": self._config})
        worker = self._platform.service("worker")
        return float(docker("exec", worker, "python", "-c", PLAIN_UPLOAD, said, seconds=1200))

    def out_to(self, target: Path, run: str) -> float:
        """Seconds of a download of the run's output."""
        objects = S3Store(
            self._server.bucket, config=self._config, client_options={"allow_http": True, "timeout": "1200s"}
        )
        began = time.perf_counter()
        with target.open("wb") as file:
            for piece in obstore.get(objects, f"{PREFIX}/runs/{run}/1/outputs/{NAME}").stream(
                min_chunk_size=2**20
            ):
                file.write(piece)
            os.fsync(file.fileno())
        taken = time.perf_counter() - began
        target.unlink()
        return taken
