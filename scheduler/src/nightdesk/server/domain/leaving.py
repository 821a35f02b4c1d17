"""People who have left: under which name their runs are kept, so that nobody of the same name inherits them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORMER = re.compile(r"(.+)~([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Left:
    """What somebody's leaving did to their runs, as counts."""

    cancelled: int = 0  # those that waited
    ending: int = 0  # those that were going on and are ended
    handed_over: int = 0


@dataclass(frozen=True, slots=True)
class Owned:
    """What somebody has on record: runs by status, and the bytes of what they left."""

    runs: dict[str, int]
    output_bytes: int


def former_name(name: str, number: int) -> str:
    """``ada``, 2 → ``ada~2``: the second ada who was removed. No sign-in gives anybody a name with a ``~``."""
    return f"{name}~{number}"


def in_words(owner: str) -> str:
    """``ada~2`` → ``ada (former member)``; everybody else as they are."""
    former = _FORMER.fullmatch(owner)
    return owner if former is None else f"{former[1]} (former member)"
