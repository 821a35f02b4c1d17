"""What home folders there are: nobody comes to another's files by a name."""

from __future__ import annotations

from typing import Any

from nightdesk_hub.desk import Desk
from nightdesk_hub.engine import ENGINE_ERRORS
from nightdesk_hub.names import LABEL_USER


async def home_volumes(desk: Desk) -> set[str]:
    """The volumes that are home folders; none where the engine does not say."""
    try:
        return {str(volume["Name"]) for volume in await _volumes(desk)}
    except ENGINE_ERRORS:
        return set()


async def home_owners(desk: Desk) -> set[str]:
    """Whose home folders they are or were. Raises what the engine raises."""
    return {(volume.get("Labels") or {}).get(LABEL_USER, "") for volume in await _volumes(desk)}


async def _volumes(desk: Desk) -> list[dict[str, Any]]:
    found = await desk.engine.call("volumes", filters={"label": desk.names.label_filter("home")})
    return list(found.get("Volumes") or [])
