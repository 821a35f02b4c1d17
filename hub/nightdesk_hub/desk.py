"""What the hub's parts share: one object, made when the hub is configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nightdesk.config import Settings

    from nightdesk_hub.accounts.register import Register
    from nightdesk_hub.bulletin import Bulletin
    from nightdesk_hub.engine import Engine
    from nightdesk_hub.journal import Journal
    from nightdesk_hub.leaving.departures import Departures
    from nightdesk_hub.leaving.settling import Settling
    from nightdesk_hub.live_sessions import Gauge
    from nightdesk_hub.names import Names
    from nightdesk_hub.networks import UserNetworks
    from nightdesk_hub.offer_book import OfferBook
    from nightdesk_hub.start_queue import StartQueue


@dataclass(frozen=True)
class Desk:
    """Settings and the things that are there once for all spawners, handlers and the proxy."""

    settings: Settings
    names: Names
    engine: Engine
    networks: UserNetworks
    offers: OfferBook
    starts: StartQueue
    register: Register
    departures: Departures
    settling: Settling
    journal: Journal
    gauge: Gauge
    bulletin: Bulletin
    #: How somebody's session ended by itself: words by user and server, until the next start.
    endings: dict[tuple[str, str], str] = field(default_factory=dict)

    def home(self, user: str) -> str:
        """The volume with a person's home folder; never that of a former member of the same name."""
        return self.names.home(user, self.departures.former(user))

    def start(self) -> None:
        """Talk to the api from now on, on threads: what the audit log is to have, and what is announced."""
        self.journal.start()
        self.bulletin.start()

    def __deepcopy__(self, memo: dict[int, Any]) -> Desk:
        """Traitlets copies configured values for each object; all of them share this one."""
        return self
