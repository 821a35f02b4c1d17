"""How much room there is where the platform keeps things, as far as this process sees it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from nightdesk.server.services.room import Disk


def disks(places: Mapping[str, Path]) -> list[Disk]:
    """The disks that hold these places, each once with all that is on it; a place that is not there is left out."""
    found: dict[int, Disk] = {}
    for name, place in places.items():
        try:
            device, room = place.stat().st_dev, os.statvfs(place)
        except OSError:
            continue
        before = found.get(device)
        holds = (*before.holds, name) if before else (name,)
        total, free = room.f_blocks * room.f_frsize, room.f_bavail * room.f_frsize
        found[device] = Disk(holds, total, free)
    return list(found.values())
