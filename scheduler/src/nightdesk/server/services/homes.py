"""Measuring homes now and then: nobody's request waits for it."""

from __future__ import annotations

from nightdesk.server.ports.homes import Homes
from nightdesk.server.ports.records import Records
from nightdesk.server.services.sessions import HOME

_EVERY_SECONDS = 1800.0
_AT_ONCE = 20  # homes in one measuring
_TURN = "homes"


def measure_homes(records: Records, homes: Homes) -> None:
    """Measure the homes of those whose sessions have ended, and each half hour everybody's.

    Raises:
        EngineError: the engine does not do it.
        Unavailable: the database does not answer.
    """
    wanted = records.wished_turns(HOME)
    if records.take_turn(_TURN, _EVERY_SECONDS):
        wanted = homes.people()
    elif wanted:
        there = set(homes.people())
        wanted = [name for name in wanted if name in there]
    for first in range(0, len(wanted), _AT_ONCE):
        records.set_homes(homes.sizes(wanted[first : first + _AT_ONCE]))
