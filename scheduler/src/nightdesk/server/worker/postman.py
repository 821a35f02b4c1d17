"""The thread that tells people how their runs ended; whatever hangs out there, nothing waits for it."""

from __future__ import annotations

from nightdesk.server.services.notifying import Post
from nightdesk.server.worker.keeper import Ticking

_LOOK_EVERY = 2  # ticks
_TIDY_EVERY = 3600


class Postman(Ticking):
    """Goes his round each two seconds."""

    def __init__(self, post: Post) -> None:
        super().__init__("postman")
        self._post = post

    def _tick(self, tick: int) -> None:
        if tick % _LOOK_EVERY == 0:
            self._post.go_round()
        if tick % _TIDY_EVERY == _TIDY_EVERY - 1:
            self._post.tidy()
