"""An engine of the tests' own, in a network of its own, that may be killed: the machine's is everybody's.

It needs root, as `make up` does where it installs an engine. Its containers, images and volumes are in a folder
that goes with it. A process that does nothing keeps its network and its view of the file systems, so that the
engine finds both again when it is started anew, as on a machine that goes on while its engine restarts.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..support.platform import ROOT, build_images, docker, sigterm_as_ctrl_c
from ..support.waiting import until

_START_SECONDS = 60
_LOAD_SECONDS = 600
_OWN_VIEW = "mount --make-rprivate / && mount -t tmpfs tmpfs /run && exec sleep infinity"
SYSTEM = "debian:trixie-slim"


class SecondEngine:
    """Made stopped; see :func:`second_engine`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        mark = secrets.token_hex(3)
        self._space = f"nightdesk-{mark}"
        self._cable = (f"nd{mark}h", f"nd{mark}n")
        third = secrets.randbelow(250) + 1
        self.host_address = f"10.254.{third}.1"  # this machine, for its containers
        self.address = f"10.254.{third}.2"  # where it publishes ports
        self._connect()
        self._view = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self._space}", "unshare", "-m", "sh", "-c", _OWN_VIEW],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(lambda: _program(self._view.pid) == "sleep", "a view of the file systems of its own")
        self._daemon: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """What DOCKER_HOST is to be."""
        return f"unix://{self.socket}"

    def start(self, *, live_restore: bool) -> None:
        """Start it and wait until it answers."""
        flags = [f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec"]
        flags += [f"--pidfile={self.folder}/pid", f"--host={self.host}", "--log-driver=json-file"]
        view = ["nsenter", f"--target={self._view.pid}", "--net", "--mount"]
        with (self.folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [*view, "dockerd", *flags, *(["--live-restore"] if live_restore else [])],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self.answers, f"the second engine answering; its log is {log.name}", _START_SECONDS)

    def answers(self) -> bool:
        """Does it?"""
        assert self._daemon is not None
        assert self._daemon.poll() is None, f"the engine ended: {(self.folder / 'log').read_text()[-3000:]}"
        command = ["docker", "--host", self.host, "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it with this signal; what its containers do then is what the test wants to see."""
        if self._daemon is not None:
            self._daemon.send_signal(how)
            self._daemon.wait(60)
            self._daemon = None

    def load(self, images: list[str]) -> None:
        """Give it images of the machine's own engine."""
        save = ["docker", "save", *images]
        with subprocess.Popen(save, stdout=subprocess.PIPE, env=_without_host()) as saving:
            subprocess.run(
                ["docker", "--host", self.host, "load", "--quiet"],
                stdin=saving.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
                timeout=_LOAD_SECONDS,
            )
        assert saving.returncode == 0

    def close(self) -> None:
        """Remove its containers, end it, and take away all that it had."""
        if self._daemon is not None:
            left = docker("--host", self.host, "ps", "--all", "--quiet").split()
            if left:
                docker("--host", self.host, "rm", "--force", *left)
            self.stop()
        self._view.kill()
        self._view.wait(10)
        _run("ip", "netns", "delete", self._space)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connect(self) -> None:
        """A network of its own, and a cable between it and this machine."""
        ours, theirs = self._cable
        inside = ("ip", "-netns", self._space)
        _run("ip", "netns", "add", self._space)
        _run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self._space)
        _run("ip", "address", "add", f"{self.host_address}/30", "dev", ours)
        _run("ip", "link", "set", ours, "up")
        _run(*inside, "address", "add", f"{self.address}/30", "dev", theirs)
        for device in ("lo", theirs):
            _run(*inside, "link", "set", device, "up")
        _run(*inside, "route", "add", "default", "via", self.host_address)


def images_for_a_platform(environments: str) -> list[str]:
    """Every image that bringing up a platform with these environments looks for, built where it is missing."""
    wanted = {"NIGHTDESK_ENVIRONMENTS": environments}
    build_images(**wanted)
    plan = subprocess.run(
        [sys.executable, ROOT / "setup/image_plan.py"],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, **wanted},
    ).stdout
    found = {SYSTEM}
    for line in plan.splitlines():
        _, image, version, source, *_ = line.split("\t")
        found |= {f"{image}:{version}", f"{image}:src-{source}"}
    return sorted(found)


@contextmanager
def second_engine() -> Iterator[SecondEngine]:
    """One that runs no containers yet and is not started; nothing is left of it afterwards."""
    with sigterm_as_ctrl_c():
        engine = SecondEngine(Path(tempfile.mkdtemp(prefix="nightdesk-engine-")))
        try:
            yield engine
        finally:
            engine.close()


def _program(process: int) -> str:
    """The name of the program that a process runs now."""
    return Path(f"/proc/{process}/comm").read_text("utf-8").strip()


def _without_host() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=30)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stderr}"
