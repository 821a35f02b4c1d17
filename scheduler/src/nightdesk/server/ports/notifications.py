"""What the services need to tell people how their runs ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from nightdesk.server.domain.notification import Message, Notice, Wishes


class NoticeBook(Protocol):
    """Who wants to hear what, and what is on its way to them. Every method is one transaction."""

    def wishes(self, person: str) -> Wishes:
        """What somebody wants to hear; where they never said, the usual."""

    def set_wishes(self, wishes: Wishes, code: str = "") -> None:
        """Keep what somebody wants to hear. ``code`` confirms the address for mail, and is kept as a hash."""

    def confirm_mail(self, person: str, code: str) -> bool:
        """Whether the code is right; then mail goes to the address. After some wrong ones none is right."""

    def note_ends(self, limit: int) -> int:
        """Turn ends of runs since the last time into notices, each run once per way; how many ends there were."""

    def add_notice(self, person: str, way: str, target: str, message: Message) -> None:
        """Put a message with words of its own on its way."""

    def take_notices(self, limit: int, busy_seconds: float) -> list[Notice]:
        """Those whose time has come; nobody else is given them for so many seconds."""

    def notices_sent(self, ids: list[int]) -> None:
        """They arrived."""

    def notices_failed(self, ids: list[int], words: str, wait_seconds: float | None) -> None:
        """They did not; again after so many seconds, None: never."""

    def notices_of(self, person: str, limit: int = 10) -> list[dict[str, Any]]:
        """The last of somebody's: at, way, run_id, state (waiting, sent, failed), words."""

    def forget_wishes(self, person: str) -> None:
        """Somebody is gone: nothing is sent to them, and the next one of the name inherits nothing."""

    def drop_notices(self, before: float) -> int:
        """Forget those that were done before then."""


class Messenger(Protocol):
    """Brings messages out of the platform."""

    def mail(self, to: str, message: Message) -> None:
        """Send an e-mail.

        Raises:
            Unavailable: the server does not take it now; another try may help.
            Refused: it never will.
        """

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send JSON to somebody's address. No redirect is followed.

        Raises:
            Unavailable: it does not take it now; another try may help.
            Refused: it never will, or it is an address that must not be reached.
        """
