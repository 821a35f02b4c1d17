"""The gate that code in a run has: an HTTP server on a unix socket, which says what a test puts in."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

API = "/services/nightdesk/api/v1"


class Gate:
    """`says` holds status and JSON (or bytes) by method and path; `asked` what came, with its token."""

    def __init__(self) -> None:
        self.says: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str]] = []


@contextmanager
def gate(path: Path) -> Iterator[Gate]:
    """One that answers at this file."""
    double = Gate()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = f"{self.command} {self.path.removeprefix(API)}"
            double.asked.append((call, self.headers.get("Authorization", "")))
            missing = {
                "error": {"code": "not_found", "message": "there is none for you", "hint": "Ask an admin."}
            }
            status, said = double.says.get(call, (404, missing))
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer

        def address_string(self) -> str:
            return "a run"

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    with Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield double
        finally:
            server.shutdown()
            thread.join()
