"""The routes below `nightdesk/` of a person's Jupyter server. Who may ask, and the value against forged requests, are
Jupyter's own checks."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.iostream import StreamClosedError

from nightdesk.client.errors import NightdeskError, Refused, Unreachable
from nightdesk.lab_server import desk
from nightdesk.lab_server.allowed import is_run
from nightdesk.lab_server.watch import Watch

QUIET_SECONDS = 15.0  # a proxy in between may close what is silent
_DONE = object()
_TEXTS = ("environment", "content", "ignore")
_Method = TypeVar("_Method", bound=Callable[..., Coroutine[Any, Any, None]])


def signed_in(method: _Method) -> _Method:
    """For whoever may use this server, as Jupyter's own routes have it."""
    return cast("_Method", web.authenticated(authorized(method)))


class _Handler(APIHandler):  # type: ignore[misc]
    """Answers in JSON; a refusal carries words and what to do about it."""

    auth_resource = "nightdesk"

    def say(self, document: Any, status: int = 200) -> None:
        self.set_status(status)
        self.finish(json.dumps(document))

    def refuse(self, error: NightdeskError) -> None:
        """As the platform said it. A token that it does not accept is no reason to sign in to Jupyter again."""
        status = 503 if isinstance(error, Unreachable) else 400
        if isinstance(error, Refused):
            status = 403 if error.status == 401 else error.status
        field = error.field if isinstance(error, Refused) else None
        away = isinstance(error, Unreachable)
        self.say({"message": error.message, "hint": error.hint, "field": field, "away": away}, status)

    def json_body(self) -> dict[str, Any]:
        try:
            body = json.loads(self.request.body or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise web.HTTPError(400, "the body is no JSON object")
        for name in _TEXTS:
            if not isinstance(body.get(name), str | None):
                raise web.HTTPError(400, f"'{name}' is no text")
        return body

    def source(self, body: dict[str, Any]) -> Path:
        """The file that is meant, which is below the folder that Lab shows."""
        path = body.get("path")
        if not isinstance(path, str) or not path:
            raise web.HTTPError(400, "no file is named")
        found = Path(self.contents_manager._get_os_path(path.strip("/")))
        if not found.is_file():
            raise web.HTTPError(404, f"there is no file {path!r}")
        return found


class _About(_Handler):
    _track_activity = False

    @signed_in
    async def get(self) -> None:
        """What the form begins with."""
        self.say(desk.about())


class _Interface(_Handler):
    """Calls that are passed on."""

    _track_activity = False  # a panel that looks by itself keeps no session alive

    @signed_in
    async def get(self, path: str) -> None:
        await self._pass_on("GET", path)

    @signed_in
    async def post(self, path: str) -> None:
        await self._pass_on("POST", path)

    async def _pass_on(self, method: str, path: str) -> None:
        query = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        body = self.json_body() if method == "POST" else None
        try:
            self.say(await asyncio.to_thread(desk.passed_on, method, f"/{path}", query, body))
        except NightdeskError as error:
            self.refuse(error)


class _Notebook(_Handler):
    """The executed notebook of a run."""

    @signed_in
    async def get(self, run_id: str) -> None:
        if not is_run(run_id):
            raise web.HTTPError(404, "there is no such run")
        pieces = desk.notebook_of(run_id)
        try:
            piece = await asyncio.to_thread(next, pieces, _DONE)
        except NightdeskError as error:
            self.refuse(error)
            return
        self.set_header("Content-Type", "application/json")
        with contextlib.suppress(StreamClosedError):
            while piece is not _DONE:
                self.write(piece)
                await self.flush()
                piece = await asyncio.to_thread(next, pieces, _DONE)
            self.finish()


class _Inspect(_Handler):
    @signed_in
    async def post(self) -> None:
        """A file's parameters, or why it would be refused."""
        body = self.json_body()
        source = self.source(body)
        try:
            self.say(
                await asyncio.to_thread(desk.inspected, source, body.get("environment"), body.get("content"))
            )
        except NightdeskError as error:
            self.refuse(error)


class _Folder(_Handler):
    @signed_in
    async def post(self) -> None:
        """How much would be taken along."""
        body = self.json_body()
        source = self.source(body)
        try:
            self.say(await asyncio.to_thread(desk.looked_through, source, body.get("ignore")))
        except NightdeskError as error:
            self.refuse(error)


class _Submit(_Handler):
    @signed_in
    async def post(self) -> None:
        """Hand the file over."""
        body = self.json_body()
        source = self.source(body)
        try:
            self.say(await asyncio.to_thread(desk.handed_over, source, body), 201)
        except NightdeskError as error:
            self.refuse(error)


class _Schedule(_Handler):
    @signed_in
    async def post(self) -> None:
        """Have the file run by a timetable."""
        body = self.json_body()
        source = self.source(body)
        try:
            self.say(await asyncio.to_thread(desk.scheduled, source, body), 201)
        except NightdeskError as error:
            self.refuse(error)


class _Events(_Handler):
    """One's runs and schedules as server-sent events, for as long as somebody looks."""

    _track_activity = False

    @signed_in
    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Accel-Buffering", "no")
        loop, happened = asyncio.get_running_loop(), asyncio.Queue[tuple[str, Any]]()
        self._gone = asyncio.Event()

        def tell(kind: str, data: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the server ends
                loop.call_soon_threadsafe(happened.put_nowait, (kind, data))

        watch = Watch(tell)
        watch.start()
        try:
            await self.flush()
            while not self._gone.is_set():
                kind, data = await _next(happened)
                self.write(f"event: {kind}\ndata: {json.dumps(data)}\n\n")
                await self.flush()
                if kind == "refused":
                    return
        except StreamClosedError:
            pass
        finally:
            watch.close()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._gone.set()


async def _next(happened: asyncio.Queue[tuple[str, Any]]) -> tuple[str, Any]:
    try:
        return await asyncio.wait_for(happened.get(), QUIET_SECONDS)
    except TimeoutError:
        return "ping", {}


def routes(base_url: str) -> list[tuple[str, type[APIHandler]]]:
    """Addresses and what answers there."""
    below = {
        "about": _About,
        "events": _Events,
        "inspect": _Inspect,
        "folder": _Folder,
        "submit": _Submit,
        "schedule": _Schedule,
        r"notebook/([^/]+)": _Notebook,
        r"api/(.+)": _Interface,
    }
    return [(url_path_join(base_url, "nightdesk", path), handler) for path, handler in below.items()]
