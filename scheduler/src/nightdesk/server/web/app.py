"""The web application: REST, live events and pages, as a service behind the hub's proxy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.web import api, catalogue, errors, live, oauth, outputs, pages
from nightdesk.server.web.headers import SAFE
from nightdesk.server.web.paths import API, BASE


class Guard:
    """Refuses requests that are too large before they are read, and puts safe headers on every answer."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        read = 0

        async def counted() -> Message:
            """What comes, as far as the limit: not every request says how large it is."""
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise HTTPException(errors.TOO_LARGE[0])
            return message

        answer = self._refusal(Headers(scope=scope)) or self._app
        await answer(scope, counted, with_headers)

    def _refusal(self, headers: Headers) -> ASGIApp | None:
        length = headers.get("content-length", "0")
        if length.isdecimal() and len(length) <= 18 and int(length) <= self._limit:
            return None
        status, words = errors.TOO_LARGE
        return JSONResponse({"error": words}, status_code=status)


def create_app(platform: WebPlatform) -> FastAPI:
    """The application over a platform's parts."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        listening = asyncio.create_task(app.state.news.listen())
        try:
            yield
        finally:
            listening.cancel()
            app.state.renderer.close()

    limit = platform.settings.runs.max_source_bytes + platform.settings.runs.max_files_bytes + 2**20
    app = FastAPI(
        title="Nightdesk",
        version=version("nightdesk"),
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.platform = platform
    app.state.news = live.News(platform.environment.redis_url)
    app.state.renderer = outputs.Renderer()
    errors.install(app)
    for router in (api.router, live.router, outputs.router, catalogue.router, oauth.router, pages.router):
        app.include_router(router)
    app.mount(f"{BASE}/static", StaticFiles(directory=pages.STATIC), name="static")
    app.add_middleware(Guard, limit=limit)
    return app
