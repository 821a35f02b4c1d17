"""What people in a session are told when a channel moves or their version is not on offer any more."""

from __future__ import annotations

import re
from typing import Any

import pytest
from nightdesk.client.notice import notice


def listed(stable: str, following: str = "", **offers: str) -> list[dict[str, Any]]:
    """Versions 3, 2 and 1 of an environment, the newest first; `_2="deprecated"` says another offer."""
    channels = {"stable": stable, "next": following}
    return [
        {
            "version": version,
            "channels": [channel for channel, at in channels.items() if at == version],
            "offer": offers.get(f"_{version}", "offered"),
        }
        for version in ("3", "2", "1")
    ]


@pytest.mark.parametrize(
    ("version", "channel", "versions"),
    [
        ("2", "stable", listed("2")),
        ("3", "next", listed("2", "3")),
        ("2", "", listed("2", "3")),
        ("3", "", listed("2")),  # newer than stable: their own choice
        ("2", "", listed("")),
        ("2", "next", listed("2")),  # the channel is gone: nothing to move to
    ],
)
def test_nothing_to_tell(version: str, channel: str, versions: list[dict[str, Any]]) -> None:
    assert notice(f"env:{version}", channel, versions) == ""


@pytest.mark.parametrize(
    ("version", "channel", "versions", "words"),
    [
        ("2", "stable", listed("3"), "env:2 runs here; stable is 3 now. End the session and start it again"),
        ("3", "stable", listed("2"), "env:3 runs here; stable is 2 now. End the session"),  # rolled back
        ("2", "next", listed("2", "3"), "env:2 runs here; next is 3 now."),
        ("2", "", listed("3"), "env:2 runs here; stable is 3 now. Choose it at the next start"),
        ("2", "", listed("3", _2="deprecated"), "env:2 runs here; it is deprecated, .* stable is 3."),
        ("2", "stable", listed("3", _2="removed"), "it was removed, .* stable is 3. End the session"),
        ("3", "", listed("2", _3="deprecated"), "it is deprecated, .* This session goes on"),
        ("9", "", listed("2"), "env:9 runs here; it is not offered .* stable is 2."),
        ("9", "stable", [], "not offered for new sessions any more. This session goes on"),
    ],
)
def test_what_is_told(version: str, channel: str, versions: list[dict[str, Any]], words: str) -> None:
    told = notice(f"env:{version}", channel, versions)
    assert re.search(words, told), told
