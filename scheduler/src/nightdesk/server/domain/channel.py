"""Channels: moving names for versions, and everything that was ever done to an environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What was done to an environment or one of its versions."""

    REGISTERED = "registered"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    DEPRECATED = "deprecated"
    OFFERED = "offered again"
    REMOVED = "removed"
    GROUPS = "groups changed"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an environment's history, which is only ever added to.

    ``before`` is the version that the channel pointed at; ``words`` are for people.
    """

    at: float
    by: str
    action: Action
    environment: str
    version: str = ""
    channel: str = ""
    before: str = ""
    words: str = ""


def earlier(events: Iterable[Event], channel: str) -> list[str]:
    """The versions that the channel can go back to, the nearest last.

    Args:
        events: of one environment, oldest first.
        channel: ``stable`` or ``next``.

    A rollback takes the promotion back that brought the channel where it is: rolling back twice goes
    two steps, not there and back again.
    """
    stack: list[str] = []
    for event in events:
        if event.channel != channel:
            continue
        if event.action is Action.PROMOTED:
            if not stack or stack[-1] != event.version:
                stack.append(event.version)
        elif event.action is Action.ROLLED_BACK and stack:
            while len(stack) > 1 and stack[-1] != event.version:
                stack.pop()
    return stack[:-1]
