"""What the hub's pages say when a session's version is not what people would start in now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nightdesk.client.notice import notice

from nightdesk_hub.offers import Offers


def notice_for(running: Mapping[str, Any], offers: Offers) -> str:
    """In words what has happened to a session's version; empty when all is as it was.

    `running` has the options that the session was started with. Offers tell nothing of versions that
    are deprecated or removed, only that they are not among them.
    """
    environment = offers.environment(running["environment"])
    versions = [
        {"version": each.version, "channels": each.channels}
        for each in (environment.versions if environment else ())
    ]
    return notice(f"{running['environment']}:{running['version']}", running.get("channel", ""), versions)
