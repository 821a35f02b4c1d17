"""What to tell somebody whose session runs in a version that a channel has left, or that is not on offer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_STABLE = "stable"
_MOVE = "End the session and start it again to move; your files stay."


def notice(label: str, channel: str, versions: Sequence[Mapping[str, Any]]) -> str:
    """What has happened to the session's version, in words for its owner; empty when all is as it was.

    `label` is the session's NAME:VERSION, `channel` the one it follows (empty: it stays at its version).
    `versions` are those of its environment as the platform lists them, the newest first, each with
    `version`, `channels` and, where it may be another than `offered`, `offer`.
    """
    version = label.partition(":")[2]
    mine = next((number for number, each in enumerate(versions) if each["version"] == version), None)
    offer = "" if mine is None else str(versions[mine].get("offer") or "offered")
    followed = channel or _STABLE
    target = next((number for number, each in enumerate(versions) if followed in each["channels"]), None)
    words = _no_offer(label, offer)
    # Who stays at a version is told of newer ones only: a rollback is none of their business.
    moved = target is not None and target != mine and (bool(channel) or mine is None or target < mine)
    if target is not None and moved:
        there = versions[target]["version"]
        words += (
            [f"{label} runs here; {followed} is {there} now."] if not words else [f"{followed} is {there}."]
        )
        words.append(_MOVE if channel else "Choose it at the next start to move; your files stay.")
    elif words:
        words.append("This session goes on; the next one starts in another version.")
    return " ".join(words)


def _no_offer(label: str, offer: str) -> list[str]:
    if offer == "offered":
        return []
    return [
        {
            "deprecated": f"{label} runs here; it is deprecated, and not offered for new sessions any more.",
            "removed": f"{label} runs here; it was removed, and cannot be started any more.",
        }.get(offer, f"{label} runs here; it is not offered for new sessions any more.")
    ]
