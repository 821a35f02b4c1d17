"""HTTP APIs: a client of httpx that knows where the API begins, and the token."""

from __future__ import annotations

from nightdesk.connecting.hidden import Hidden
from nightdesk.connecting.problem import driver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.connecting.opening import Given

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0


def open_http(given: Given) -> Any:
    """A client with time limits; paths are relative to the connection's address."""
    httpx = driver("httpx", "httpx", "HTTP")
    from nightdesk.connecting.tokens import WithToken

    scheme = str(given.settings.get("scheme") or "Bearer")
    token = given.secrets["token"]
    value = token if scheme == "-" else Hidden(f"{scheme} {token}")
    url = httpx.URL(given.settings["url"])
    header = str(given.settings.get("header") or "Authorization")
    transport = WithToken(httpx.HTTPTransport(retries=1), url, header, value, read_only=given.read_only)
    return httpx.Client(
        base_url=url,
        transport=transport,
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": "nightdesk"},
    )
