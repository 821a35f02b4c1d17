"""When somebody was here last: what is new on their home page is what has happened since."""

from __future__ import annotations

from dataclasses import dataclass

APART_SECONDS = 1800.0  # who comes back sooner is on the same visit: a page loaded anew does not eat the news
FIRST_SECONDS = 86400.0  # what is new to whoever comes for the first time
LONGEST_SECONDS = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit, in seconds since 1970: when the one before it ended, and when a page of it was seen last."""

    since: float
    seen: float


def visit(before: Visit | None, now: float) -> Visit:
    """The visit that this moment belongs to, after what the browser remembers."""
    if before is None or not 0 <= before.since <= before.seen <= now:
        return Visit(now - FIRST_SECONDS, now)
    since = before.since if now - before.seen < APART_SECONDS else before.seen
    return Visit(max(since, now - LONGEST_SECONDS), now)
