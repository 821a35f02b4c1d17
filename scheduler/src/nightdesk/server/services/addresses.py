"""Where messages go holds secrets: whoever has the address of a webhook may post there. So it is sealed on record.

With a key that api and worker both have: the api shows people their own, the worker sends without asking. What was
sealed for one person and way opens for no other. An address for mail is no secret, and stands as it is.
"""

from __future__ import annotations

from dataclasses import replace

from nightdesk.server.domain.errors import Invalid, Unavailable
from nightdesk.server.domain.notification import Notice, Way, Wishes
from nightdesk.server.ports.sealing import Sealing

PURPOSE = "notifications"


def opened(sealing: Sealing, kept: Wishes) -> Wishes:
    """The wishes as their owner said them; what opens no more counts as not said."""
    return replace(
        kept,
        webhook=_opened(sealing, kept, "webhook"),
        slack=_opened(sealing, kept, "slack"),
        secret=_opened(sealing, kept, "secret"),
    )


def sealed(sealing: Sealing, wanted: Wishes, kept: Wishes) -> Wishes:
    """The wishes as they are kept. What is as before stays the same text: notices on their way have it as well."""
    before = opened(sealing, kept)

    def text(name: str) -> str:
        value: str = getattr(wanted, name)
        if value and value == getattr(before, name):
            return str(getattr(kept, name))
        return sealing.seal(_for(wanted.person, name), {name: value}) if value else ""

    return replace(wanted, webhook=text("webhook"), slack=text("slack"), secret=text("secret"))


def target_of(sealing: Sealing, notice: Notice) -> str:
    """Where a notice goes.

    Raises:
        Invalid: it cannot be opened any more.
    """
    if notice.way is Way.MAIL:
        return notice.target
    try:
        return str(sealing.open(_for(notice.person, notice.way), notice.target)[notice.way.value])
    except Unavailable:
        raise Invalid("its address cannot be opened any more: set it again") from None


def _opened(sealing: Sealing, kept: Wishes, name: str) -> str:
    text: str = getattr(kept, name)
    try:
        return str(sealing.open(_for(kept.person, name), text)[name]) if text else ""
    except Unavailable:
        return ""


def _for(person: str, name: str) -> str:
    return f"{person} {name}"
