"""The images of versions: they stay as long as their version does, and go when it was removed."""

from __future__ import annotations

import logging

from nightdesk.server.domain.environment import Offer
from nightdesk.server.domain.errors import EngineError
from nightdesk.server.services.build_watch import BuildParts

TURN, _EVERY_SECONDS = "images", 30.0  # whoever removes a version wishes for it
_log = logging.getLogger(__name__)


def look_after(parts: BuildParts) -> None:
    """Hold those that are to stay and remove those that are not, where it is this worker's turn.

    Raises:
        Unavailable: the database does not answer.
    """
    if parts.records.take_turn(TURN, _EVERY_SECONDS):
        hold(parts)
        take_away(parts)


def hold(parts: BuildParts) -> None:
    """Keep the image of each version from whoever else cleans up on this machine.

    Raises:
        Unavailable: the database does not answer.
    """
    there = {
        each.digest: each.environment for each in parts.records.versions() if each.offer is not Offer.REMOVED
    }
    try:
        parts.workshop.hold(there)
    except EngineError as error:
        _log.warning("images could not be held: %s", error)


def take_away(parts: BuildParts) -> list[str]:
    """Remove the images of removed versions that nothing uses; the versions whose image went.

    Raises:
        Unavailable: the database does not answer.
    """
    versions = parts.records.versions()
    needed = {version.digest for version in versions if version.offer is not Offer.REMOVED}
    gone = []
    for version in versions:
        if version.offer is not Offer.REMOVED or version.digest in needed:
            continue
        try:
            if parts.workshop.look(version.digest) is None:
                continue
            if parts.workshop.discard(version.digest, version.environment):
                _log.info("removed the image of %s (%s)", version.label, version.digest[:19])
                gone.append(version.label)
        except EngineError as error:
            _log.warning("the image of %s stays for now: %s", version.label, error)
    return gone
