"""Who has a home folder: somebody who waits for approval and has one takes over another's files."""

from __future__ import annotations

from nightdesk_hub.desk import Desk
from nightdesk_hub.engine import ENGINE_ERRORS


async def home_volumes(desk: Desk) -> set[str]:
    """The volumes that are home folders; none where the engine does not say."""
    filters = {"label": desk.names.label_filter("home")}
    try:
        found = await desk.engine.call("volumes", filters=filters)
    except ENGINE_ERRORS:
        return set()
    return {str(volume["Name"]) for volume in found.get("Volumes") or []}
