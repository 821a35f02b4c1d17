"""What the platform answers about notifications."""

from __future__ import annotations

from typing import TypedDict


class SentNotice(TypedDict):
    """A message of late: `state` is waiting, sent or failed; `words` say why the last try failed."""

    at: str
    way: str
    run_id: str | None
    state: str
    words: str
    tries: int


class Notifications(TypedDict):
    """What somebody hears of, and where; `secret` signs what goes to the webhook, `mail`: the platform sends it."""

    when: str
    email: str
    email_confirmed: bool
    webhook: str
    slack: str
    secret: str
    mail: bool
    last: list[SentNotice]


class TriedOut(TypedDict):
    """The ways on which a message is."""

    sent: list[str]
