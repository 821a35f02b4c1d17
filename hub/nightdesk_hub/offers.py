"""What a person may start: environments, their versions, and sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from nightdesk.connection_places import ConnectionMount, OfferedPlace

from nightdesk_hub.allowance import Allowance, parse_allowance

#: The channel of somebody who names none.
STABLE = "stable"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class NoOffers(Exception):
    """Nothing can be offered now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """Whom something is offered to, with what the hub knows of them now."""

    name: str
    groups: tuple[str, ...] = ()
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an environment. `digest` is the image that sessions are started from."""

    environment: str
    version: str
    digest: str
    channels: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    default: bool = False
    created_at: str = ""

    def __str__(self) -> str:
        return f"{self.environment}:{self.version}"


@dataclass(frozen=True, slots=True)
class Environment:
    """A named line of versions, newest first. There is at least one. For some `groups`; none: everybody."""

    name: str
    title: str
    description: str
    versions: tuple[Version, ...]
    groups: tuple[str, ...] = ()

    @property
    def default(self) -> Version:
        """The version for somebody who names none."""
        return next((version for version in self.versions if version.default), self.versions[0])

    @property
    def channels(self) -> dict[str, Version]:
        """What can be followed, and where each points now; `stable` first."""
        pointed = {channel: version for version in self.versions for channel in version.channels}
        return {name: pointed[name] for name in sorted(pointed, key=lambda name: (name != STABLE, name))}

    def is_for(self, member: Member) -> bool:
        """Is it for this person? Admins have all of them."""
        return member.admin or not self.groups or not set(self.groups).isdisjoint(member.groups)


@dataclass(frozen=True, slots=True)
class Size:
    """A bundle of limits; `memory_bytes` is bytes."""

    name: str
    title: str
    cpus: float
    memory_bytes: int
    default: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """What one person may choose from, which is never nothing, and how much of it."""

    environments: tuple[Environment, ...]
    sizes: tuple[Size, ...]
    allowance: Allowance = field(default_factory=Allowance)
    places: tuple[ConnectionMount, ...] = ()

    @property
    def default_size(self) -> Size:
        """The size for somebody who names none."""
        return next((size for size in self.sizes if size.default), self.sizes[0])

    def environment(self, name: str) -> Environment | None:
        """The environment of this name, where it is on offer."""
        return next((each for each in self.environments if each.name == name), None)


def parse_offers(answer: Any, member: Member) -> Offers:
    """One person's offers out of the api's answer, which may be an old one.

    Groups are looked at here once more: whoever has left a group while the api is away has left it.

    Raises:
        NoOffers: there is no environment or no size to choose.
        ValueError: the answer is not what the api promises.
    """
    try:
        environments = [_environment(each) for each in answer["environments"]]
        sizes = tuple(_size(each) for each in answer["sizes"])
        allowance = parse_allowance(answer)
        offered_places = [OfferedPlace.of_json(each) for each in answer.get("places") or ()]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no list of offers: {error!r}") from None
    offered = tuple(each for each in environments if each.versions and each.is_for(member))
    if not offered:
        raise NoOffers(
            "No environment is on offer to you: an admin makes the first one with `nightdesk env build` (or "
            "`make up`, which builds those that come with Nightdesk), and says who it is for with "
            "`nightdesk env groups`."
        )
    if not sizes:
        raise NoOffers(
            "No size is offered to you: an admin names some under `sizes` in nightdesk.yaml, and says who has which "
            "with `nightdesk group set`."
        )
    mounts = [place.mount(member.groups) for place in offered_places]
    return Offers(offered, sizes, allowance, tuple(each for each in mounts if each is not None))


def _environment(each: dict[str, Any]) -> Environment:
    name = str(each["name"])
    versions = tuple(_version(name, version) for version in each["versions"])
    groups = tuple(str(group) for group in each.get("groups") or ())
    return Environment(name, each.get("title") or name, each.get("description") or "", versions, groups)


def _version(environment: str, each: dict[str, Any]) -> Version:
    digest = str(each["digest"])
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is not the digest of an image")
    return Version(
        environment=environment,
        version=str(each["version"]),
        digest=digest,
        channels=tuple(each.get("channels") or ()),
        kernels=tuple(str(kernel["display_name"]) for kernel in each.get("kernels") or ()),
        default=bool(each.get("default")),
        created_at=each.get("created_at") or "",
    )


def _size(each: dict[str, Any]) -> Size:
    return Size(
        name=str(each["name"]),
        title=each.get("title") or str(each["name"]),
        cpus=float(each["cpus"]),
        memory_bytes=int(each["memory_bytes"]),
        default=bool(each.get("default")),
    )
