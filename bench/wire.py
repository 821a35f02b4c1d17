"""One connection to the platform that stays open, with the seconds that each answer took."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

SECONDS = 120


class Wire:
    """Requests of one person. Nothing but the standard library's connection: what is measured is the platform."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._base = parts.path
        self._headers = {"Authorization": f"Bearer {token}"}
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)

    def get(self, path: str) -> tuple[float, bytes]:
        """Seconds, and the body of a good answer; `path` is below the service's own address."""
        return self._ask("GET", path, None, self._headers)

    def json(self, path: str) -> Any:
        """What a good answer says."""
        return json.loads(self.get(path)[1])

    def post(self, path: str, form: Form | None = None) -> tuple[float, Any]:
        """Seconds, and what a good answer says."""
        headers = self._headers | ({} if form is None else {"Content-Type": form.kind})
        taken, body = self._ask("POST", path, b"" if form is None else form.body, headers)
        return taken, json.loads(body)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[float, bytes]:
        began = time.perf_counter()
        self._connection.request(method, self._base + path, body, headers)
        answer = self._connection.getresponse()
        read = answer.read()
        taken = time.perf_counter() - began
        assert answer.status < 300, f"{method} {path}: {answer.status} {read[:500]!r}"
        return taken, read


class Form:
    """A submission, put together once: the request and the file, as the command line sends them."""

    def __init__(self, source: bytes, file: str, **request: Any) -> None:
        boundary = secrets.token_hex(8)
        self.kind = f"multipart/form-data; boundary={boundary}"
        mark = f"--{boundary}\r\nContent-Disposition: form-data; name=".encode()
        self.body = b"".join(
            [
                mark + b'"request"\r\n\r\n' + json.dumps({"file": file, **request}).encode() + b"\r\n",
                mark + f'"source"; filename="{file}"\r\n\r\n'.encode() + source + b"\r\n",
                f"--{boundary}--\r\n".encode(),
            ]
        )
