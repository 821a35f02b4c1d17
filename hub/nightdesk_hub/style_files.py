"""The hub's own style sheet, kept by browsers for an hour."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tornado.web import StaticFileHandler


def version_of(file: Path) -> str:
    """A short name for what a file holds; it stands in the file's address."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]


STATIC = Path(__file__).parent / "static"


class CachedFiles(StaticFileHandler):
    """Files of this package."""

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002
        """Let browsers keep it, and never guess what it is."""
        self.set_header("Cache-Control", "max-age=3600")
        self.set_header("X-Content-Type-Options", "nosniff")


handlers = [(r"/nightdesk/(.*)", CachedFiles, {"path": str(STATIC)})]
