"""What the filter of what leaves people's and runs' networks wrote about itself last."""

from __future__ import annotations

import json
import time
from pathlib import Path

from nightdesk.server.services.doctor import Filter

_FRESH_SECONDS = 60.0  # it looks every five


def read_state(file: Path) -> Filter:
    """What it said; not well where it has said nothing lately."""
    try:
        age = time.time() - file.stat().st_mtime
        said = json.loads(file.read_text("utf-8"))
        found = Filter(bool(said["ok"]), str(said["words"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Filter(False, "has not said that it is in place")
    if age > _FRESH_SECONDS:
        return Filter(False, f"has said nothing for {age:.0f} s; it was: {found.words}")
    return found
