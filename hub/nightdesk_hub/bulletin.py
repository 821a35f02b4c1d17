"""What admins tell everybody, for the hub's pages: asked of the api each few seconds, and kept while it is away."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.request import Request, urlopen

log = logging.getLogger("JupyterHub.bulletin")

#: How soon an announcement is on the hub's pages.
LOOK_SECONDS = 3.0
ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Announcement:
    """One of them; times are seconds since 1970."""

    id: int
    text: str
    level: str
    link: str
    since: float
    until: float | None
    before_sign_in: bool


#: Asks the api for its announcements. Raises OSError or ValueError where there is no good answer.
Fetch = Callable[[], Any]


def fetch_from_api(url: str, token: str) -> Fetch:
    """Asking the api at `url` with the hub's own token."""

    def fetch() -> Any:
        request = Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - an address of ours
        with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return json.load(answer)

    return fetch


class Bulletin:
    """The announcements that are known; a page asks nobody."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: tuple[Announcement, ...] = ()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look from now on, on a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="bulletin", daemon=True)
            self._thread.start()

    def look(self) -> None:
        """Ask once; what was known stays where there is no good answer."""
        try:
            self._known = tuple(_announcement(each) for each in self._fetch()["announcements"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            log.debug("the api does not say what is announced: %s", error)

    def shown(self, user: Any) -> list[Announcement]:
        """What a page shows now, to somebody or, with None, to whoever has not signed in."""
        now = time.time()
        return [
            each
            for each in self._known
            if each.since <= now
            and (each.until is None or now < each.until)
            and (user or each.before_sign_in)
        ]

    def _watch(self) -> None:
        while True:
            self.look()
            time.sleep(LOOK_SECONDS)


def _announcement(each: dict[str, Any]) -> Announcement:
    link = str(each["link"] or "")
    return Announcement(
        id=int(each["id"]),
        text=str(each["text"]),
        level="warning" if each["level"] == "warning" else "info",
        link=link if link.startswith(("https://", "http://", "/")) else "",
        since=_seconds(each["since"]) or 0.0,
        until=_seconds(each["until"]),
        before_sign_in=bool(each["before_sign_in"]),
    )


def _seconds(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
