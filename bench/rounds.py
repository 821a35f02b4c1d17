"""Rounds: each contender once, in turn, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .contenders import Contender

C = TypeVar("C", bound=Contender)

WARM_UP = 2  # rounds that do not count


def race(
    contenders: Sequence[C],
    rounds: int,
    say: Callable[[str], None],
    after: Callable[[C], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Seconds of each: median, least, most, and their ratios to the first contender.

    What `after` does for a contender that was just measured does not count. `ratio` is that of the medians;
    `ratio_min` and `ratio_max` are of single rounds.
    """
    taken: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(-WARM_UP, rounds):
        for contender in contenders:
            began = time.perf_counter()
            contender()
            seconds = time.perf_counter() - began
            after(contender)
            if number >= 0:
                taken[contender.name].append(seconds)
        if number >= 0 and (number + 1) % 4 == 0:
            say(f"{number + 1} of {rounds}")
    first = taken[contenders[0].name]
    return [_figures(name, seconds, first) for name, seconds in taken.items()]


def _figures(name: str, seconds: list[float], first: list[float]) -> dict[str, Any]:
    ratios = [mine / theirs for mine, theirs in zip(seconds, first, strict=True)]
    return {
        "name": name,
        "median": statistics.median(seconds),
        "min": min(seconds),
        "max": max(seconds),
        "ratio": statistics.median(seconds) / statistics.median(first),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }
