"""The proxy's API: routes in memory. `forget` is what a new proxy knows."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class ProxyDouble:
    """Routes by path, with their targets."""

    def __init__(self) -> None:
        routes: dict[str, Any] = {}

        class Api(BaseHTTPRequestHandler):
            """/api/routes of configurable-http-proxy."""

            def answer(self, status: int, body: Any = None) -> None:
                content = json.dumps(body).encode() if body is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self.answer(200, routes)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                routes["/" + self.path.removeprefix("/api/routes").strip("/")] = body
                self.answer(201)

            def do_DELETE(self) -> None:
                known = routes.pop("/" + self.path.removeprefix("/api/routes").strip("/"), None)
                self.answer(204 if known else 404)

            def log_message(self, *_args: Any) -> None:
                pass

        self.routes = routes
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
