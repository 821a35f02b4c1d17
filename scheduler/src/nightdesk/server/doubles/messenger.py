"""The port ``Messenger`` in memory."""

from __future__ import annotations

from collections.abc import Mapping

from nightdesk.server.domain.errors import NightdeskError
from nightdesk.server.domain.notification import Message


class MemoryMessenger:
    """Keeps what was sent; ``error`` is raised instead where it is set, ``post_error`` for posts alone."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, Message]] = []
        self.posts: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.error: NightdeskError | None = None
        self.post_error: NightdeskError | None = None

    def mail(self, to: str, message: Message) -> None:
        if self.error is not None:
            raise self.error
        self.mails.append((to, message))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        error = self.error or self.post_error
        if error is not None:
            raise error
        self.posts.append((url, body, headers))
