"""Waiting for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def until(look: Callable[[], _T], what: str, seconds: float = 30, every: float = 0.1) -> _T:
    """Look again and again until the answer is true; that answer.

    Raises:
        AssertionError: it was not within `seconds`; shows `what` and the last answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s; last seen: {seen!r}"
        time.sleep(every)
