"""A route that takes a form and is asked often: described by its signature like any, served without the framework's ways.

What the framework does to fill in the parameters costs a third of what accepting a run does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from nightdesk.server.web.auth import platform_of, signed_in

MAX_FIELDS, MAX_FILES = 8, 4  # fields are kept in memory
PAGE_FIELDS = 64  # those of our own pages, whose bodies are small


class FormRoute(APIRoute):
    """Its endpoint takes the request, platform, person, and the form's ``source``, ``request`` and ``files``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """How a request is answered."""

        async def answer(http: Request) -> Response:
            platform = await platform_of(http)
            person = await signed_in(http, platform)
            form = await _form(http)
            try:
                source = _upload(form, "source")
                if source is None:
                    raise _misshapen("source", "Field required")
                files = _upload(form, "files")
                response: Response = await self.endpoint(
                    http, platform, person, source, _text(form, "request"), files
                )
                return response
            finally:
                await form.close()

        return answer


async def _form(http: Request) -> FormData:
    try:
        return await http.form(max_fields=MAX_FIELDS, max_files=MAX_FILES)
    except (ClientDisconnect, ValueError) as error:
        raise HTTPException(400, "the form broke off or cannot be read") from error


def _upload(form: FormData, name: str) -> UploadFile | None:
    value = form.get(name)
    if isinstance(value, str) and value:
        raise _misshapen(name, "Expected a file, received text")
    return value if isinstance(value, UploadFile) else None


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    if value is None or value == "":
        raise _misshapen(name, "Field required")
    if not isinstance(value, str):
        raise _misshapen(name, "Input should be a valid string")
    return value


def _misshapen(name: str, words: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", name), "msg": words}])
