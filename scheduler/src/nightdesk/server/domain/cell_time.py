"""How a cell of a run ended, and how long it took."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

MOST_CELLS = 10_000  # of an attempt whose times are kept
STATUSES = ("ok", "error", "skipped")


@dataclass(frozen=True, slots=True)
class CellTime:
    """Of a cell that is over: one of the ``STATUSES``, and seconds."""

    status: str
    seconds: float


def time_of(event: dict[str, Any], most: int) -> tuple[int, CellTime] | None:
    """Number and time of an event ``cell_finished``; None where it is none: code can print there as well.

    ``most`` is how many cells there are.
    """
    cell, status, seconds = event.get("cell"), event.get("status"), event.get("seconds")
    if not isinstance(cell, int) or isinstance(cell, bool) or status not in STATUSES:
        return None
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    if not 1 <= cell <= min(most, MOST_CELLS) or not math.isfinite(seconds) or not 0 <= seconds < 2**40:
        return None
    return cell, CellTime(str(status), float(seconds))
