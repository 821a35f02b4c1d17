"""What admins tell everybody, on every page, for a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nightdesk.server.domain.errors import Invalid

LEVELS = ("info", "warning")
MOST_CHARACTERS = 500
MOST_AT_ONCE = 5
_LINK = re.compile(r"(https?://[^\s\"'<>]+|/(?!/)[^\s\"'<>\\]*)")


@dataclass(frozen=True, slots=True)
class Announcement:
    """``since`` and ``until`` are seconds since 1970, ``until`` None: until it is taken down.

    ``link`` is empty, an http address or a path of the platform; ``before_sign_in`` shows it to people who have not
    signed in as well.
    """

    id: int
    at: float
    by: str
    text: str
    level: str = "info"
    link: str = ""
    since: float = 0.0
    until: float | None = None
    before_sign_in: bool = False

    def is_shown(self, now: float) -> bool:
        """Is it time for it?"""
        return self.since <= now and (self.until is None or now < self.until)


def check(announcement: Announcement, now: float) -> Announcement:
    """The announcement with its text in order.

    Raises:
        Invalid: says what to change.
    """
    text = " ".join(announcement.text.split())
    if not 1 <= len(text) <= MOST_CHARACTERS or not text.isprintable():
        raise Invalid(f"an announcement has 1 to {MOST_CHARACTERS} characters, on one line", field="text")
    if announcement.level not in LEVELS:
        raise Invalid(
            f"there is no level '{announcement.level[:20]}'", f"There is: {', '.join(LEVELS)}.", field="level"
        )
    if announcement.link and (len(announcement.link) > 500 or not _LINK.fullmatch(announcement.link)):
        raise Invalid(
            "the link is no address",
            "Write https://… or a path of the platform, such as /hub/home.",
            field="link",
        )
    if announcement.until is not None and announcement.until <= max(now, announcement.since):
        raise Invalid(
            "the announcement would be over before it is shown", "Give it a later end.", field="until"
        )
    return Announcement(
        announcement.id,
        announcement.at,
        announcement.by,
        text,
        announcement.level,
        announcement.link,
        announcement.since,
        announcement.until,
        announcement.before_sign_in,
    )
