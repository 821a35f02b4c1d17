"""From what somebody asked for to what is started: only what is on offer to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nightdesk_hub.offers import Environment, Offers, Size, Version

OPTIONS = ("environment", "version", "size")


class NotOffered(ValueError):
    """What was asked for is not on offer; the message says what is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a session is started from."""

    version: Version
    size: Size

    @property
    def options(self) -> dict[str, str]:
        """The same as options for a later start."""
        return {
            "environment": self.version.environment,
            "version": self.version.version,
            "size": self.size.name,
        }


def choose(offers: Offers, options: Any) -> Choice:
    """The choice that options name; what they leave out is the default.

    Options come from a form, from the hub's REST API or from an earlier start, so anything may be
    in them. An image cannot be named: there is no option for it.

    Raises:
        NotOffered: an unknown option, or a value that is not on offer.
    """
    if not isinstance(options, dict):
        raise NotOffered("The options of a session are environment, version and size.")
    for key, value in options.items():
        if key not in OPTIONS:
            raise NotOffered(
                f"'{str(key)[:40]}' is not an option of a session: they are environment, version and size."
            )
        if not isinstance(value, str):
            raise NotOffered(f"'{key}' must be text.")
    version = _version(offers, options.get("environment"), options.get("version"))
    return Choice(version, _size(offers, options.get("size")))


def last_or_default(offers: Offers, options: Any) -> Choice:
    """What a form has marked at first: the last choice where it is still on offer."""
    known = options if isinstance(options, dict) else {}
    wanted = {key: known[key] for key in OPTIONS if key in known}
    without_version = {key: value for key, value in wanted.items() if key != "version"}
    size_only = {key: value for key, value in wanted.items() if key == "size"}
    version_only = {key: value for key, value in wanted.items() if key != "size"}
    for options in (wanted, version_only, without_version, size_only):
        try:
            return choose(offers, options)
        except NotOffered:
            continue
    return choose(offers, {})


def _version(offers: Offers, environment: str | None, version: str | None) -> Version:
    if not environment:
        if version:
            raise NotOffered("A version needs its environment beside it.")
        return offers.environments[0].default
    for each in offers.environments:
        if each.name == environment:
            return _of(each, version)
    names = ", ".join(each.name for each in offers.environments)
    raise NotOffered(f"There is no environment '{environment[:60]}' for you. On offer: {names}.")


def _of(environment: Environment, version: str | None) -> Version:
    if not version:
        return environment.default
    for each in environment.versions:
        if each.version == version:
            return each
    names = ", ".join(each.version for each in environment.versions)
    raise NotOffered(
        f"Version '{version[:60]}' of {environment.name} is not on offer (any more). On offer: {names}."
    )


def _size(offers: Offers, name: str | None) -> Size:
    if not name:
        return offers.default_size
    for each in offers.sizes:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in offers.sizes)
    raise NotOffered(f"There is no size '{name[:60]}'. On offer: {names}.")
