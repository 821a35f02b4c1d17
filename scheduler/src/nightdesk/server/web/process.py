"""One of the processes that serve on an open socket."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable

import uvicorn

from nightdesk.config import ConfigError
from nightdesk.server.bootstrap import migrate, web_platform
from nightdesk.server.domain.errors import DatabaseTooNew
from nightdesk.server.web.app import create_app

# The proxy keeps its connections and asks on them again; one that is closed at that very moment is a 503 for somebody,
# and with uvicorn's own 5 s that would be each page that looks again every five.
_IDLE_SECONDS = 600


def prepare() -> int:
    """What has to be done before any of them serves; the exit code."""
    return _in_words(migrate)


def serve(door: socket.socket, at_gate: bool) -> int:
    """Serve until SIGTERM; the exit code. Threads and connections are made here, never at import."""
    return _in_words(lambda: _serve(door, at_gate))


def _serve(door: socket.socket, at_gate: bool) -> None:
    config = uvicorn.Config(
        create_app(web_platform(), at_gate=at_gate),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=_IDLE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[door])


def _in_words(work: Callable[[], None]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        work()
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    except DatabaseTooNew as error:
        print(f"nightdesk: {error.message}. {error.hint}", file=sys.stderr)
        return 1
    return 0
