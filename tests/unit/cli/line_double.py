"""A server that says word for word what a test wants."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable

from nightdesk.client.http import Connection

Answer = bytes | Iterable[bytes]


class Server:
    """Sends the given bytes, whatever it is asked; each item of a connection after one more request.

    One is cut at each ``|``, or given in pieces that may take their time.
    """

    def __init__(self, *connections: list[Answer]) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, args=(connections,), daemon=True)
        self._thread.start()

    def _serve(self, connections: tuple[list[Answer], ...]) -> None:
        with contextlib.suppress(OSError):  # a client that hangs up, or the end of the test
            for answers in connections:
                line, _ = self._socket.accept()
                with line:
                    for answer in answers:
                        self.requests.append(line.recv(65536))
                        for piece in answer.split(b"|") if isinstance(answer, bytes) else answer:
                            line.sendall(piece)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


Serve = Callable[..., tuple[Server, Connection]]
OK = b"HTTP/1.1 200 OK\r\n"
