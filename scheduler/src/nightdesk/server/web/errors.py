"""The one table from our errors to HTTP, and the one shape in which they are told."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from nightdesk.server.domain import errors
from nightdesk.server.web.headers import SAFE
from nightdesk.server.web.oauth import sign_in_address
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.templating import render

STATUS: dict[type[errors.NightdeskError], tuple[int, str]] = {
    errors.Invalid: (400, "invalid"),
    errors.SignInNeeded: (401, "sign_in_needed"),
    errors.NotAllowed: (403, "not_allowed"),
    errors.NotFound: (404, "not_found"),
    errors.Conflict: (409, "conflict"),
    errors.FenceLost: (409, "conflict"),
    errors.TooLarge: (413, "too_large"),
    errors.TooMany: (429, "too_many"),
    errors.Refused: (400, "refused"),
    errors.Unavailable: (503, "unavailable"),
    errors.NightdeskError: (500, "error"),
}
TOO_LARGE = (
    413,
    {
        "code": "too_large",
        "message": "the request is too large",
        "hint": "Take fewer files along.",
    },
)
_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Every error leaves in the same shape: words, and what to do next; never a stack trace."""

    @app.exception_handler(errors.NightdeskError)
    def ours(request: Request, error: errors.NightdeskError) -> Response:
        return answer_to(request, error)

    @app.exception_handler(RequestValidationError)
    def misshapen(request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = dict(error.errors()[0])
        where = first.get("loc", ())
        place = ".".join(str(part) for part in where if part != "body")
        message, hint = f"{place}: {first.get('msg')}", "See the API reference in docs/api.md."
        # What is no JSON has a place in the text there; the first word is where it was sent: body, query, path.
        field = "" if first.get("type") == "json_invalid" else ".".join(str(part) for part in where[1:])
        return _answer(request, 422, "misshapen", message, hint, field)

    @app.exception_handler(HTTPException)
    def of_the_framework(request: Request, error: HTTPException) -> Response:
        if error.status_code == TOO_LARGE[0]:
            return _answer(request, TOO_LARGE[0], **TOO_LARGE[1])
        words = {404: "there is nothing at this address", 405: "this address does not take that method"}
        message = words.get(error.status_code, str(error.detail))
        return _answer(request, error.status_code, "refused", message, None)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        hint = "It is in the platform's log; please tell an admin when it happened."
        return _answer(request, 500, "bug", "something went wrong inside the platform", hint)


def status_of(error: errors.NightdeskError) -> int:
    """The HTTP status of one of our errors."""
    return next(STATUS[kind][0] for kind in type(error).__mro__ if kind in STATUS)


def answer_to(request: Request, error: errors.NightdeskError) -> Response:
    """One of our errors as an answer."""
    status, code = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if isinstance(error, errors.SignInNeeded) and _is_page(request) and request.method in {"GET", "HEAD"}:
        return RedirectResponse(sign_in_address(request), status_code=303)
    return _answer(request, status, code, error.message, error.hint, error.field)


def _is_page(request: Request) -> bool:
    return not request.url.path.startswith(API)


def _answer(
    request: Request, status: int, code: str, message: str, hint: str | None, field: str | None = None
) -> Response:
    if _is_page(request) and "text/html" in request.headers.get("accept", ""):
        page = render("error.html", status=status, message=message, hint=hint, base=BASE)
        return HTMLResponse(page, status_code=status, headers=SAFE)
    # The headers here as well: an unexpected error is answered outside of what puts them on all others.
    words = {"code": code, "message": message, "hint": hint} | ({"field": field} if field else {})
    return JSONResponse({"error": words}, status_code=status, headers=SAFE)
