"""One of the processes that serve on an open socket."""

from __future__ import annotations

import importlib
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from nightdesk.config import ConfigError
from nightdesk.server.bootstrap import WebPlatform, migrate, web_platform
from nightdesk.server.domain.errors import DatabaseTooNew
from nightdesk.server.web.app import create_app

# The proxy keeps its connections and asks on them again; one that is closed at that very moment is a 503 for somebody,
# and with uvicorn's own 5 s that would be each page that looks again every five.
_IDLE_SECONDS = 600

# Imported when they are first needed, by each process for itself.
for _name in (
    "anyio._backends._asyncio",
    "fsspec.implementations.local",
    "sqlite3",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
):
    importlib.import_module(_name)


def prepare() -> int:
    """What has to be done before any of them serves; the exit code."""
    with _in_words():
        migrate()
    return 0


def shared() -> Callable[[], WebPlatform]:
    """What all of them work with, made once as far as it opens nothing: connections and threads are each process's own."""
    with _in_words():
        return web_platform()


def serve(platform: Callable[[], WebPlatform], door: socket.socket, at_gate: bool) -> int:
    """Serve until SIGTERM; the exit code. Threads are made here, and no sooner."""
    config = uvicorn.Config(
        create_app(platform(), at_gate=at_gate),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=_IDLE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[door])
    return 0


@contextmanager
def _in_words() -> Iterator[None]:
    """What keeps the platform from starting ends the process, without a stack trace."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        yield
    except ConfigError as error:
        raise SystemExit("\n".join(error.problems)) from error
    except DatabaseTooNew as error:
        raise SystemExit(f"nightdesk: {error.message}. {error.hint}") from error
