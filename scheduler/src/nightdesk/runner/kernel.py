"""A kernel's process and the connection file it is given."""

from __future__ import annotations

import json
import os
import signal
import socket

from .flood import Heard
from .kernelspec import KernelSpec
from .outcome import BadJob
from .process import Process

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


class Kernel(Process):
    """A kernel that was started and may still be booting; `connection` says how to reach it."""

    def __init__(self, spec: KernelSpec, notebook: str) -> None:
        self.spec = spec
        self.connection = _connection(spec.name)
        private = os.path.join(os.environ.get("TMPDIR") or "/tmp", f"nightdesk-kernel-{os.urandom(8).hex()}")  # noqa: S108
        os.mkdir(private, 0o700)
        path = os.path.join(private, "connection.json")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(self.connection, file)
        heard = Heard(private)
        try:
            env = {**spec.environment(), "JPY_SESSION_NAME": notebook}
            super().__init__(spec.command(path), env, os.path.dirname(notebook))
        except OSError as problem:
            raise BadJob(
                f"the kernel {spec.name!r} of this environment cannot be started: {problem}"
            ) from problem
        self._private = private
        self.heard = heard

    def interrupt(self) -> None:
        self.signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and its group at once."""
        self.signal(signal.SIGKILL)
        try:
            for name in os.listdir(self._private):
                os.unlink(os.path.join(self._private, name))
            os.rmdir(self._private)
        except OSError:
            pass  # somebody else's tidying; it ends with the container anyway


def _connection(kernel_name: str) -> dict[str, object]:
    """Ports that are free now, on the loopback address of the container's own network, and a fresh key."""
    sockets = [_bound() for _ in CHANNELS]
    ports = {f"{channel}_port": each.getsockname()[1] for channel, each in zip(CHANNELS, sockets)}
    for each in sockets:
        each.close()
    return {
        **ports,
        "transport": "tcp",
        "ip": "127.0.0.1",
        "key": os.urandom(32).hex(),
        "signature_scheme": "hmac-sha256",
        "kernel_name": kernel_name,
    }


def _bound() -> socket.socket:
    """A socket on a free port that the system never gives to an outgoing connection.

    The runner keeps trying to connect while nobody listens yet. From a port of that kind it would now and then
    reach itself, one connection being its own other end, and the kernel would find its port taken.
    """
    made = socket.socket()
    first, last = _ports()
    for _ in range(1000):
        try:
            made.bind(("127.0.0.1", first + int.from_bytes(os.urandom(4), "big") % (last - first)))
            return made
        except OSError:
            continue
    made.bind(("127.0.0.1", 0))
    return made


def _ports() -> tuple[int, int]:
    """The larger range of ports beside those for outgoing connections."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            low, high = map(int, file.read().split())
    except (OSError, ValueError):
        low, high = 32768, 60999
    return (10_000, low) if low - 10_000 >= 65_535 - high else (high + 1, 65_536)
