"""What JupyterLab asks for, beside notebooks: what is announced, and whether the session's version is still the one
to be in.

Lab has a notice for updates of its own and a class that finds them; the images name this one
(`LabApp.check_for_updates_class`), which asks the platform and nobody else.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from jupyterlab.handlers.announcements import CheckForUpdateABC

from nightdesk.client.errors import NightdeskError
from nightdesk.client.notice import notice
from nightdesk.client.platform import Client

if TYPE_CHECKING:
    import logging

#: Lab asks when its page is loaded, and shows whatever comes within this time.
ANSWER_SECONDS = 5.0
#: Where a session is ended and started.
_SESSION_PAGE = ("Session page", "/hub/home")


class VersionNotice(CheckForUpdateABC):  # type: ignore[misc]
    """Lab's update notice: tells when the session's channel has moved on, or its version is not on offer."""

    logger: logging.Logger

    async def __call__(self) -> tuple[str, tuple[str, str]] | None:
        """The notice with a link, or None. A platform that does not answer is no notice."""
        try:
            words = await asyncio.wait_for(asyncio.to_thread(words_now), ANSWER_SECONDS)
        except (NightdeskError, TimeoutError, LookupError, TypeError) as error:
            self.logger.debug("the platform does not say whether this version is still current: %r", error)
            return None
        return (words, _SESSION_PAGE) if words else None


def words_now() -> str:
    """What is announced, and what there is to tell about this session's version; empty outside a session.

    Raises:
        NightdeskError: the platform does not say.
    """
    name, version = os.environ.get("NIGHTDESK_ENVIRONMENT"), os.environ.get("NIGHTDESK_VERSION")
    if not name or not version:
        return ""
    with Client() as client:
        told = [each["text"] for each in client.call("GET", "/announcements")["announcements"]]
        environments = client.call("GET", "/environments", query={"all": "true"})["environments"]
    versions: list[dict[str, Any]] = next(
        (each["versions"] for each in environments if each["name"] == name), []
    )
    told = [each if each.endswith((".", "!", "?")) else f"{each}." for each in told]
    about_version = notice(f"{name}:{version}", os.environ.get("NIGHTDESK_CHANNEL", ""), versions)
    return " ".join(filter(None, (*told, about_version)))
