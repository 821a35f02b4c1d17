"""A shelf: one environment as the list shows it, with its newest versions and the others folded away."""

from __future__ import annotations

from dataclasses import dataclass

from nightdesk.server.domain.environment import CHANNELS, Offer, Version, default_of

NEWEST = 5  # versions that are not folded


@dataclass(frozen=True, slots=True)
class Shelf:
    """``head`` speaks for the environment; ``channels`` are name and version; ``folded`` are not shown."""

    head: Version
    channels: tuple[tuple[str, str], ...]
    shown: tuple[Version, ...]
    folded: int

    @property
    def name(self) -> str:
        """The environment's."""
        return self.head.environment


def shelves(versions: list[Version], unfolded: str = "") -> list[Shelf]:
    """Environments in the given order.

    Args:
        versions: what the person may see, as records list them.
        unfolded: the environment whose versions are all shown.
    """
    of: dict[str, list[Version]] = {}
    for version in versions:
        of.setdefault(version.environment, []).append(version)
    return [_shelf(each, name == unfolded) for name, each in of.items()]


def _shelf(versions: list[Version], whole: bool) -> Shelf:
    shown = versions if whole else _newest(versions)
    pointed = {channel: version.version for version in versions for channel in version.channels}
    return Shelf(
        head=default_of(versions) or versions[0],
        channels=tuple((channel, pointed[channel]) for channel in CHANNELS if channel in pointed),
        shown=tuple(shown),
        folded=len(versions) - len(shown),
    )


def _newest(versions: list[Version]) -> list[Version]:
    """The newest on offer, and what a channel points at however old it is."""
    there = [version for version in versions if version.offer is Offer.OFFERED]
    newest = {version.version for version in there[:NEWEST]}
    return [version for version in versions if version.version in newest or version.channels]
