"""What schedulers, and those who carry pipelines on, work with."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nightdesk.config import Settings
from nightdesk.server.domain.notification import Message, When
from nightdesk.server.domain.schedule import Alert
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.people import People
from nightdesk.server.ports.records import Records
from nightdesk.server.services.policies import PolicyBook

_log = logging.getLogger(__name__)


def tell_owners(records: Records, alerts: Iterable[Alert]) -> None:
    """Besides showing alerts on their owners' pages: a message on each of their ways, as they wish.

    Of a run that did not succeed they hear as of any run; of what made none, and that a schedule is paused, they hear here.
    """
    for alert in alerts:
        _log.info("schedule %s of %s: %s", alert.schedule_id, alert.owner, alert.words)
        if alert.run_id is not None and not alert.paused:
            continue
        wishes = records.wishes(alert.owner)
        if wishes.when != When.NEVER:
            message = Message(f"Nightdesk: schedule {alert.name}", alert.words)
            for way, target in wishes.targets().items():
                records.add_notice(alert.owner, way, target, message)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What a scheduler works with. ``tell`` gets the alerts that were put on record: the place for more ways to tell."""

    records: Records
    store: FileStore
    settings: Settings
    policies: PolicyBook
    people: People
    tell: Callable[[Records, Iterable[Alert]], None] = tell_owners
