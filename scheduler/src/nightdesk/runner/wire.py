"""Jupyter's messaging protocol over plain pyzmq.

jupyter_client would do the same and costs 100 ms of imports; what a run needs of the protocol has not
changed since its version 5.
"""

from __future__ import annotations

import hmac
import json
import os
import time

import zmq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DELIMITER = b"<IDS|MSG>"


class Message:
    """A message from the kernel. Its content is read when it is asked for: it may be large, and of no use."""

    __slots__ = ("_content", "_raw", "buffers", "date", "metadata", "parent", "type")

    def __init__(self, frames: list[bytes]) -> None:
        header = _parse(frames[0])
        self.type: str = header["msg_type"]
        self.date: str | None = header.get("date")
        self.parent: str | None = _parse(frames[1]).get("msg_id")
        self.metadata = _parse(frames[2])
        self._raw = frames[3]
        self._content: dict[str, Any] | None = None
        self.buffers = frames[4:]

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return len(self._raw)

    @property
    def content(self) -> dict[str, Any]:
        if self._content is None:
            self._content = _parse(self._raw)
        return self._content


def _parse(frame: bytes) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(frame.decode("utf-8", "replace"))
    return parsed


class Channels:
    """The client's ends of a kernel's channels, but for the heartbeat: the kernel's process is watched itself."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._mac = hmac.new(connection["key"].encode(), digestmod="sha256")
        self._session = os.urandom(16).hex()
        self._count = 0
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._shell = self._connect(zmq.DEALER, connection["shell_port"])
        self._control = self._connect(zmq.DEALER, connection["control_port"])
        self._stdin = self._connect(zmq.DEALER, connection["stdin_port"])
        self._iopub = self._connect(zmq.SUB, connection["iopub_port"])

    def _connect(self, kind: int, port: int) -> zmq.Socket[bytes]:
        each = self._context.socket(kind)
        each.linger = 0
        each.rcvhwm = 0  # a kernel drops output for a reader that is full; be never full
        each.reconnect_ivl = 5  # the kernel is still booting: do not sleep past the moment it listens
        if kind == zmq.SUB:
            each.subscribe(b"")
        else:
            each.identity = self._session.encode("ascii")  # one for all: questions go to who sent the request
        each.connect(f"tcp://127.0.0.1:{port}")
        self._poller.register(each, zmq.POLLIN)
        return each

    def watch(self, fd: int) -> None:
        """Wake `wait` when this descriptor is readable, too."""
        self._poller.register(fd, zmq.POLLIN)

    def unwatch(self, fd: int) -> None:
        self._poller.unregister(fd)

    def wait(self, seconds: float) -> None:
        self._poller.poll(max(0, int(seconds * 1000 + 0.999)))

    def request(self, kind: str, content: dict[str, Any], metadata: dict[str, Any] | None = None) -> str:
        """Send a request on the shell channel; returns its id, the `parent` of what answers it."""
        return self._send(self._shell, kind, content, metadata or {})

    def control(self, kind: str, content: dict[str, Any]) -> None:
        self._send(self._control, kind, content, {})

    def _send(
        self, to: zmq.Socket[bytes], kind: str, content: dict[str, Any], metadata: dict[str, Any]
    ) -> str:
        self._count += 1
        now = time.time()
        header = {
            "msg_id": f"{self._session}_{self._count}",
            "msg_type": kind,
            "session": self._session,
            "username": "nightdesk",
            "date": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z",
            "version": "5.3",
        }
        frames = [json.dumps(part).encode("ascii") for part in (header, {}, metadata, content)]
        to.send_multipart([DELIMITER, self._sign(frames), *frames])
        return str(header["msg_id"])

    def _sign(self, frames: list[bytes]) -> bytes:
        mac = self._mac.copy()
        for frame in frames:
            mac.update(frame)
        return mac.hexdigest().encode("ascii")

    def published(self) -> Message | None:
        """The next message of the iopub channel that is there already."""
        return self._receive(self._iopub)

    def reply(self) -> Message | None:
        """The next reply on the shell channel that is there already."""
        return self._receive(self._shell)

    def question(self) -> Message | None:
        """A question to the user that is there already."""
        return self._receive(self._stdin)

    def _receive(self, source: zmq.Socket[bytes]) -> Message | None:
        while True:
            try:
                frames = source.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            body = frames[frames.index(DELIMITER) + 1 :] if DELIMITER in frames else []
            if len(body) >= 5 and hmac.compare_digest(body[0], self._sign(body[1:5])):
                return Message(body[1:])

    def drain_control(self) -> None:
        while self._receive(self._control):
            pass
