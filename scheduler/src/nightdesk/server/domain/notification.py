"""Telling people how their runs ended: when, by which way, and in which words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.outcome import human_seconds
from nightdesk.server.domain.run import Run, Status

TOGETHER_FROM = 4  # of one person at a time: one message for all of them
_LISTED = 20
_LONGEST_TARGET = 500
_FIRST_WAIT, _LONGEST_WAIT = 30.0, 3600.0  # seconds between two tries
MOST_TRIES = 30  # a little more than a day
_MAIL = re.compile(r"[^@\s<>,;:\"\\\x00-\x1f\x7f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])")


class When(StrEnum):
    """Which ends of runs somebody hears of."""

    NEVER = "never"
    FAILURE = "failure"
    ALWAYS = "always"


class Way(StrEnum):
    """How they hear of it."""

    MAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants to hear, and where. ``email`` counts once it is confirmed; ``secret`` signs webhooks.

    On record ``webhook``, ``slack`` and ``secret`` are sealed: see ``services/addresses.py``.
    """

    person: str
    when: When = When.FAILURE
    email: str = ""
    email_confirmed: bool = False
    webhook: str = ""
    slack: str = ""
    secret: str = ""

    def targets(self) -> dict[Way, str]:
        """Where messages go now, sealed where the wishes are."""
        found = {Way.WEBHOOK: self.webhook, Way.SLACK: self.slack}
        if self.email_confirmed:
            found[Way.MAIL] = self.email
        return {way: target for way, target in found.items() if target}

    def hear(self, run: Run) -> bool:
        """Whether they hear of this end; what the run itself says goes before what they said of all."""
        return tells(run.notify or self.when, run.status)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message on its way, to a target as it is on record. ``run_id`` is None for one with words of its own."""

    id: int
    person: str
    way: Way
    run_id: str | None
    target: str
    subject: str
    text: str
    tries: int


@dataclass(frozen=True, slots=True)
class Message:
    """What one says."""

    subject: str
    text: str


def tells(when: When | str, status: Status) -> bool:
    """Whether such an end is told. Who cancels a run knows of it."""
    if when == When.NEVER or status is Status.CANCELLED:
        return False
    return when == When.ALWAYS or status is not Status.SUCCEEDED


def check_when(value: str | None) -> str | None:
    """What a run says itself; None: as its owner wishes.

    Raises:
        Invalid: it is no such word.
    """
    if value is not None and value not in set(When):
        raise Invalid(f"'{value[:40]}' is not when to notify", "Say never, failure or always.")
    return value


def check_mail(address: str) -> str:
    """An address for mail, or nothing.

    Raises:
        Invalid: it is none.
    """
    address = address.strip()
    if address and not _MAIL.fullmatch(address):
        raise Invalid(f"'{address[:100]}' is no address for mail", field="email")
    return address


def check_target(what: str, url: str) -> str:
    """An address that messages are sent to, or nothing.

    Raises:
        Invalid: it is none.
    """
    url = url.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST_TARGET
    if not plain or parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise Invalid(f"the {what} is no address", "It begins with https://", field=what)
    if parts.username is not None or parts.password is not None:
        raise Invalid(f"the {what} must not hold a name or password before the host", field=what)
    return url


def wait_before(tries: int) -> float:
    """Seconds until the next try."""
    return min(_FIRST_WAIT * 2.0 ** min(tries - 1, 20), _LONGEST_WAIT)


def about(run: Run, address: str) -> Message:
    """What is said of one run; ``address`` is its page's. Nothing of its output: messages go far."""
    took = ""
    if run.started_at is not None and run.finished_at is not None:
        took = f", took {human_seconds(run.finished_at - run.started_at)}"
    lines = [f"{run.name} ({run.id}) {_ended(run)}."]
    if run.reason:
        lines.append(run.reason)
    if run.error is not None:
        where = f"cell {run.error.cell}: " if run.error.cell is not None else ""
        lines.append(f"{where}{run.error.type}")
    facts = f"{run.environment}:{run.version}, size {run.size}, attempt {run.attempt}"
    lines += ["", f"{facts}{took}", address]
    return Message(f"{run.name}: {_ended(run)}", "\n".join(lines))


def together(runs: list[Run], address_of: dict[str, str]) -> Message:
    """What is said of many at once."""
    bad = sum(run.status is not Status.SUCCEEDED for run in runs)
    said = f"{len(runs)} runs ended" + (f", {bad} of them did not succeed" if bad else "")
    first = sorted(runs, key=lambda run: run.status is Status.SUCCEEDED)[:_LISTED]
    lines = [f"{said}.", ""]
    lines += [f"{run.name} ({run.id}) {_ended(run)}: {address_of[run.id]}" for run in first]
    if len(runs) > len(first):
        lines.append(f"… and {len(runs) - len(first)} more")
    return Message(said, "\n".join(lines))


def _ended(run: Run) -> str:
    words = {Status.TIMED_OUT: "timed out", Status.LOST: "was lost", Status.CANCELLED: "was cancelled"}
    return words.get(run.status, str(run.status))
