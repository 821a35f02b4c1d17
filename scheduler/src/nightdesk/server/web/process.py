"""``python -m nightdesk.server.web.process``: one of the processes that serve on port 8080."""

from __future__ import annotations

import logging
import socket
import sys

import uvicorn

from nightdesk.config import ConfigError
from nightdesk.server.bootstrap import web_platform
from nightdesk.server.domain.errors import DatabaseTooNew
from nightdesk.server.web.app import create_app

_PORT = 8080


def main() -> int:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        app = create_app(web_platform())
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    except DatabaseTooNew as error:
        print(f"nightdesk: {error.message}. {error.hint}", file=sys.stderr)
        return 1
    config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[listening(_PORT)])
    return 0


def listening(port: int) -> socket.socket:
    """A socket on a port that several processes share: the kernel deals connections out among them."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("0.0.0.0", port))  # noqa: S104 - the container's own network, behind the proxy
    made.set_inheritable(True)
    return made


if __name__ == "__main__":
    sys.exit(main())
