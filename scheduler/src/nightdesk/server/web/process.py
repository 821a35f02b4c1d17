"""``python -m nightdesk.server.web.process FD [gate]``: one of the processes that serve on an open socket."""

from __future__ import annotations

import logging
import socket
import sys

import uvicorn

from nightdesk.config import ConfigError
from nightdesk.server.bootstrap import web_platform
from nightdesk.server.domain.errors import DatabaseTooNew
from nightdesk.server.web import gate
from nightdesk.server.web.app import create_app


def main() -> int:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        app = create_app(web_platform(), at_gate=sys.argv[2:] == [gate.ARGUMENT])
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    except DatabaseTooNew as error:
        print(f"nightdesk: {error.message}. {error.hint}", file=sys.stderr)
        return 1
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
    return 0


if __name__ == "__main__":
    sys.exit(main())
