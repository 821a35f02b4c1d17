"""``python -m nightdesk.server.web``: serve on port 8080."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import uvicorn

from nightdesk.config import ConfigError
from nightdesk.server.bootstrap import web_platform
from nightdesk.server.domain.errors import DatabaseTooNew
from nightdesk.server.web.app import create_app


def main() -> int:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if "TMPDIR" in os.environ:  # large uploads wait there, not in memory
        Path(os.environ["TMPDIR"]).mkdir(parents=True, exist_ok=True)
    try:
        app = create_app(web_platform())
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    except DatabaseTooNew as error:
        print(f"nightdesk: {error.message}. {error.hint}", file=sys.stderr)
        return 1
    uvicorn.run(
        app,
        host="0.0.0.0",  # noqa: S104 - the container's own network, behind the proxy
        port=8080,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
