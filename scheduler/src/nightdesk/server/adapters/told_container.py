"""A container whose program comes in on standard input: so that no argument or variable holds what it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any


def run_told(client: Any, container: str, told: bytes, seconds: float) -> None:
    """Start it, send all of it, and wait for the container's end; vendors' errors are the caller's."""
    stdin = client.attach_socket(container, params={"stdin": 1, "stream": 1})
    try:
        client.start(container)
        threading.Thread(target=_send, args=(stdin, told), daemon=True).start()
        client.wait(container, timeout=seconds)
    finally:
        for part in (stdin._response, stdin, stdin._sock):  # each keeps the connection open
            with contextlib.suppress(OSError, ValueError):
                part.close()


def _send(stdin: Any, told: bytes) -> None:
    """All of it, and then the end, which the program waits for."""
    with contextlib.suppress(OSError):
        stdin._sock.sendall(told)
        stdin._sock.shutdown(socket.SHUT_WR)
