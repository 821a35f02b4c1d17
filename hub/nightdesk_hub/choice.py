"""From what somebody asked for to what is started: only what is on offer to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nightdesk_hub.offers import STABLE, Environment, Offers, Size, Version

OPTIONS = ("environment", "channel", "version", "size")
_OPTIONS_IN_WORDS = "environment, channel or version, and size"


class NotOffered(ValueError):
    """What was asked for is not on offer; the message says what is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a session is started from. With a `channel` it is followed: the next start looks where it points."""

    version: Version
    size: Size
    channel: str = ""

    @property
    def options(self) -> dict[str, str]:
        """The same as options for a later start."""
        followed = {"channel": self.channel} if self.channel else {}
        return {
            "environment": self.version.environment,
            "version": self.version.version,
            "size": self.size.name,
            **followed,
        }


def choose(offers: Offers, options: Any) -> Choice:
    """The choice that options name; what they leave out is the default.

    Options come from a form, from the hub's REST API or from an earlier start, so anything may be
    in them. An image cannot be named: there is no option for it. Beside a channel, a version is only
    where it pointed at an earlier start, and counts for nothing.

    Raises:
        NotOffered: an unknown option, or a value that is not on offer.
    """
    if not isinstance(options, dict):
        raise NotOffered(f"The options of a session are {_OPTIONS_IN_WORDS}.")
    for key, value in options.items():
        if key not in OPTIONS:
            raise NotOffered(
                f"'{str(key)[:40]}' is not an option of a session: they are {_OPTIONS_IN_WORDS}."
            )
        if not isinstance(value, str):
            raise NotOffered(f"'{key}' must be text.")
    channel, version = options.get("channel"), options.get("version")
    environment = _environment(offers, options.get("environment"), channel or version)
    size = _size(offers, options.get("size"))
    if channel:
        return Choice(_pointed_at(environment, channel), size, channel)
    if version:
        return Choice(_of(environment, version), size)
    default = environment.default
    return Choice(default, size, STABLE if STABLE in default.channels else "")


def last_or_default(offers: Offers, options: Any) -> Choice:
    """What a form has marked at first: the last choice where it is still on offer."""
    known = options if isinstance(options, dict) else {}
    wanted = {key: known[key] for key in OPTIONS if key in known}
    for left_out in ((), ("size",), ("channel", "version"), ("channel", "version", "size")):
        try:
            return choose(offers, {key: value for key, value in wanted.items() if key not in left_out})
        except NotOffered:
            continue
    try:
        return choose(offers, {key: value for key, value in wanted.items() if key == "size"})
    except NotOffered:
        return choose(offers, {})


def _environment(offers: Offers, name: str | None, part: str | None) -> Environment:
    """The environment of this name; without a name the first one, unless `part` of one was named."""
    if not name:
        if part:
            raise NotOffered("A version or channel needs its environment beside it.")
        return offers.environments[0]
    found = offers.environment(name)
    if found is None:
        names = ", ".join(each.name for each in offers.environments)
        raise NotOffered(f"There is no environment '{name[:60]}' for you. On offer: {names}.")
    return found


def _pointed_at(environment: Environment, channel: str) -> Version:
    found = environment.channels.get(channel)
    if found is None:
        channels = ", ".join(environment.channels)
        raise NotOffered(
            f"The channel '{channel[:60]}' of {environment.name} points at nothing that is on offer (any more). "
            + (f"There is: {channels}." if channels else f"Versions on offer: {_versions(environment)}.")
        )
    return found


def _of(environment: Environment, version: str) -> Version:
    for each in environment.versions:
        if each.version == version:
            return each
    raise NotOffered(
        f"Version '{version[:60]}' of {environment.name} is not on offer (any more). "
        f"On offer: {_versions(environment)}."
    )


def _versions(environment: Environment) -> str:
    """The newest ones; there may be hundreds."""
    names = [each.version for each in environment.versions]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} older ones" if len(names) > 10 else "")


def _size(offers: Offers, name: str | None) -> Size:
    if not name:
        return offers.default_size
    for each in offers.sizes:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in offers.sizes)
    raise NotOffered(f"There is no size '{name[:60]}'. On offer: {names}.")
