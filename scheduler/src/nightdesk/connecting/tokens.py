"""The token of an HTTP connection, added where nobody looks. Imported where httpx is there."""

from __future__ import annotations

import httpx

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class WithToken(httpx.BaseTransport):
    """Adds the header on the way out, and only to requests to the API's own address.

    So neither client nor request nor response has it to show, and no redirect carries it to somebody else.
    """

    def __init__(
        self, inner: httpx.BaseTransport, url: httpx.URL, header: str, value: str, *, read_only: bool
    ) -> None:
        self._inner = inner
        self._origin = _origin(url)
        self._header = header
        self._value = value
        self._read_only = read_only

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on, with the token."""
        if self._read_only and request.method not in _READING:
            raise PermissionError(f"you may only read from this connection: {request.method} is not sent")
        if _origin(request.url) != self._origin:
            return self._inner.handle_request(request)
        sent = httpx.Request(
            request.method,
            request.url,
            headers=[*request.headers.raw, (self._header.encode("ascii"), self._value.encode())],
            stream=request.stream,
            extensions=request.extensions,
        )
        try:
            return self._inner.handle_request(sent)
        except httpx.TransportError as error:
            # Below here the headers stand in variables.
            error.__context__ = None
            raise error.with_traceback(None) from None

    def close(self) -> None:
        """As of any transport."""
        self._inner.close()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    ports = {"http": 80, "https": 443}
    return url.scheme, url.host, url.port or ports.get(url.scheme)
