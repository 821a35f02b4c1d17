"""What stands before every route: nobody's body is read before it is known who sends it, or past a limit."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nightdesk.forwarded import client_address
from nightdesk.server.domain.audit import Origin, origin
from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.web import errors, gate
from nightdesk.server.web.auth import bearer, platform_of, signed_in, the_hub
from nightdesk.server.web.headers import SAFE
from nightdesk.server.web.page import by_cookie
from nightdesk.server.web.paths import API, PUSHES

_PAGE_FORM_BYTES = 64 * 1024  # a button and the page's own value
_PUSH_BYTES = 2**20  # a host's, whose signature is over all of it: it is read before anybody is known
HUBS_OWN = (f"{API}/audit/arrived", f"{API}/leaving/")  # who sends a body there is the hub


class Guard:
    """Refuses requests that are too large or nobody's before they are read; puts safe headers on every answer."""

    def __init__(
        self, app: ASGIApp, limit: int, own_limits: Mapping[str, int], at_gate: bool = False
    ) -> None:
        """``limit`` is that of the API in bytes; ``own_limits`` are those of paths that have their own.

        ``at_gate``: only runs ask here, and only for what the gate opens.
        """
        self._app = app
        self._limit = limit
        self._own_limits = own_limits
        self._at_gate = at_gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        # At the gate nothing stands in between that would put an address on: whatever is there, code wrote it.
        origin.set(Origin("", "run") if self._at_gate else _origin(scope, headers))
        usual = self._limit if scope["path"].startswith(API) and not self._at_gate else _PAGE_FORM_BYTES
        pushed = scope["path"].startswith(f"{PUSHES}/") and not self._at_gate
        limit = _PUSH_BYTES if pushed else self._own_limits.get(scope["path"], usual)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    answered.setdefault(name, value)
            await send(message)

        read = 0

        async def counted() -> Message:
            """What comes, as far as the limit: not every request says how large it is."""
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise HTTPException(errors.TOO_LARGE[0])
            return message

        large = limit > _PAGE_FORM_BYTES and not pushed
        answer = (
            (_not_for_runs(scope) if self._at_gate else None)
            or _too_large(headers, limit)
            or (await _nobodys(scope, headers) if large else None)
            or self._app
        )
        await answer(scope, counted, with_headers)


def _origin(scope: Scope, headers: Headers) -> Origin:
    """Where it comes from. Nobody but the proxy and the hub reaches this service: see docs/architecture.md."""
    peer = (scope.get("client") or ("", 0))[0]
    address = client_address(",".join(headers.getlist("x-forwarded-for")), peer)
    return Origin(address, "page" if bearer(Request(scope)) is None else "token")


def _not_for_runs(scope: Scope) -> ASGIApp | None:
    if gate.opens(scope["method"], scope["path"]):
        return None
    words = {"code": "not_found", "message": "there is nothing at this address for a run", "hint": None}
    return JSONResponse({"error": words}, status_code=404)


def _too_large(headers: Headers, limit: int) -> ASGIApp | None:
    length = headers.get("content-length", "0")
    if length.isdecimal() and len(length) <= 18 and int(length) <= limit:
        return None
    status, words = errors.TOO_LARGE
    return JSONResponse({"error": words}, status_code=status)


async def _nobodys(scope: Scope, headers: Headers) -> ASGIApp | None:
    """The refusal of a body that comes from nobody; the framework would read all of it first."""
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if not has_body:
        return None
    request = Request(scope)
    try:
        if scope["path"].startswith(HUBS_OWN):
            await the_hub(request, await platform_of(request))
        elif scope["path"].startswith(API):
            await signed_in(request, await platform_of(request))
        else:
            await by_cookie(request, await platform_of(request))  # the form's own value is in the body
    except NightdeskError as error:
        return errors.answer_to(request, error)
    return None
