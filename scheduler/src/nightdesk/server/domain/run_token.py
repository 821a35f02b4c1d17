"""The token of a run: names one attempt, and is good as long as that goes on.

Nothing of it is stored: whoever holds the key can tell a genuine one, and the run's record says whether it still goes on.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from nightdesk.server.domain.run import Run, Status, is_id

PREFIX = "run."
_TOKEN = re.compile(r"run\.([a-z0-9]{1,32})\.([1-9][0-9]{0,8})\.([0-9a-f]{64})")
_GOING_ON = frozenset({Status.STARTING, Status.RUNNING})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run."""

    run_id: str
    number: int


def run_token(key: str, run_id: str, attempt: int) -> str:
    """The token of this attempt; the same each time it is made."""
    named = f"{PREFIX}{run_id}.{attempt}"
    return f"{named}.{_mac(key, named)}"


def attempt_of(key: str, token: str) -> Attempt | None:
    """Which attempt the token is of; None where it is not genuine, or nobody holds a key."""
    found = _TOKEN.fullmatch(token)
    if not found or not key or not is_id(found[1]):
        return None
    named = f"{PREFIX}{found[1]}.{found[2]}"
    genuine = hmac.compare_digest(_mac(key, named), found[3])
    return Attempt(found[1], int(found[2])) if genuine else None


def still_good(attempt: Attempt, run: Run | None) -> bool:
    """Whether that attempt goes on now."""
    return (
        run is not None
        and run.id == attempt.run_id
        and run.attempt == attempt.number
        and run.status in _GOING_ON
    )


def _mac(key: str, named: str) -> str:
    return hmac.new(key.encode(), f"nightdesk run token {named}".encode(), hashlib.sha256).hexdigest()
