"""A real server that speaks S3, for the tests: SeaweedFS, in a process of its own.

It checks signatures and rights as others do. Who writes and who only reads has a login each; what is stored is kept over a stop.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from .waiting import until

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "tests/servers/requirements.txt"
REGION = "us-east-1"
READY_SECONDS = 30
_PARTS = ("master", "volume", "filer", "s3")


@dataclass
class ObjectStore:
    """A running one, at an address of this machine."""

    folder: Path
    host: str
    bucket: str = "lake"
    """There from the start; `make_bucket` makes more."""
    region: str = REGION
    access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    reader_access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    reader_secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    """May list and read every bucket, and change none."""
    _ports: list[int] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self._ports[6]}"

    def start(self) -> None:
        """Start it, and wait until it lets its writer in."""
        if not self._ports:
            self._ports = free_ports(self.host, 8)
            self._configure()
        options = [
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.ip.bind={self.host}",
            f"-dir={self.folder}/data",
        ]
        for number, part in enumerate(_PARTS):
            options += [
                f"-{part}.port={self._ports[2 * number]}",
                f"-{part}.port.grpc={self._ports[2 * number + 1]}",
            ]
        options += [
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=1024",
            "-volume.max=100",
            "-filer",
            "-s3",
        ]
        options += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={self.folder}/s3.json"]
        with (self.folder / "store.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_command(), "-logtostderr", "server", *options],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._answers, "an answer of the object store", READY_SECONDS)
        self.make_bucket(self.bucket)

    def stop(self) -> None:
        """Take it away; what it holds stays."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(2)  # it says goodbye to itself for long; what it was given is on disk
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(10)
            self._process = None
        for port in self._ports:
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink()

    def make_bucket(self, name: str) -> str:
        """One more bucket, where it is not there yet; its name."""
        # A bucket is a folder of its own file system, and that asks for no signature.
        answer = requests.post(f"http://127.0.0.1:{self._ports[4]}/buckets/{name}/", timeout=10)
        assert answer.status_code in {201, 409}, answer.text  # 409: it is there
        return name

    def log(self) -> str:
        """All that it said."""
        return (self.folder / "store.log").read_text("utf-8", "replace")

    def _configure(self) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        rights = {
            "writer": (self.access_key, self.secret_key, ["Read", "Write", "List", "Tagging"]),
            "reader": (self.reader_access_key, self.reader_secret_key, ["Read", "List"]),
        }
        identities = [
            {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
            for name, (key, secret, actions) in rights.items()
        ]
        (self.folder / "s3.json").write_text(json.dumps({"identities": identities}), "utf-8")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()[-3000:]
        try:
            # 403 is an answer: nobody is signed in.
            filer = requests.get(f"http://127.0.0.1:{self._ports[4]}/", timeout=5)
            return filer.ok and requests.get(self.endpoint, timeout=5).status_code == 403
        except requests.ConnectionError:
            return False


@contextmanager
def object_store(folder: Path, host: str = "127.0.0.1") -> Iterator[ObjectStore]:
    """One that answers at this address of the machine; gone afterwards."""
    store = ObjectStore(folder, host)
    try:
        store.start()
        yield store
    finally:
        store.stop()


def free_ports(host: str, count: int) -> list[int]:
    """Ports that are free here and on the loopback interface."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            one = held.enter_context(socket.socket())
            one.bind((host, 0))
            port = int(one.getsockname()[1])
            if host != "127.0.0.1":
                other = held.enter_context(socket.socket())
                try:
                    other.bind(("127.0.0.1", port))
                except OSError:
                    continue
            found.append(port)
        return found


def _command() -> str:
    """Its command; installed where it is not there yet, from the lock, with hashes."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    home = Path(os.environ.get("NIGHTDESK_STATE") or ROOT / ".nightdesk") / f"servers-{digest}"
    if not (home / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True, timeout=120)
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-cache-dir"]
        subprocess.run([home / "bin/pip", "install", *options, "-r", LOCK], check=True, timeout=600)
        (home / "complete").touch()
    return str(home / "bin/weed")
