"""Environments: named lines of images, their versions and the channels that point at them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nightdesk.server.domain.errors import Conflict, Invalid, NotFound
from nightdesk.server.domain.person import Person

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,62}")
CHANNELS = ("stable", "next")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A way to run cells: the kernelspec's name, what people see, its language."""

    name: str
    display_name: str
    language: str


class Offer(StrEnum):
    """Who may start something in a version: everybody it is for, only who names it, nobody any more."""

    OFFERED = "offered"
    DEPRECATED = "deprecated"  # hidden from new sessions; can still be run
    REMOVED = "removed"  # its image is gone, or about to go


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package. ``kind`` is ``python``, ``r`` or ``debian``."""

    name: str
    version: str
    kind: str = "python"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image: what it is called in the engine, and its bytes on disk."""

    id: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from; empty where nobody noted it.

    ``source`` says it in words (``folder images/r-data/2026.11.1``, ``git … at 4f2a…``), ``lock`` is the text
    of the file that pins its packages, ``recipe_sha256`` the checksum of its Dockerfile.
    """

    source: str = ""
    built_by: str = ""
    build_id: str | None = None
    recipe_sha256: str = ""
    lock: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable build of an environment. ``digest`` is the image's ID, ``sha256:…``.

    Lists of versions come without ``packages``, ``layers`` and the lock's text.
    """

    environment: str
    version: str
    digest: str
    image: str
    title: str
    description: str
    kernels: tuple[Kernel, ...]
    created_at: float
    channels: tuple[str, ...] = ()
    packages: tuple[Package, ...] = field(default=(), repr=False)
    offer: Offer = Offer.OFFERED
    groups: tuple[str, ...] = ()  # who the environment is for; empty: everybody
    origin: Origin = Origin()
    size_bytes: int = 0
    layers: tuple[Layer, ...] = field(default=(), repr=False)
    contract: int | None = None  # of the runner, as the image answered it when it was tried

    @property
    def label(self) -> str:
        """``python-data:2026.11.1``."""
        return f"{self.environment}:{self.version}"

    def kernel_for(self, name: str | None, language: str | None) -> Kernel | None:
        """The kernel a notebook asks for; without a name the first one, of its language if it says one."""
        if name is not None:
            return next((kernel for kernel in self.kernels if kernel.name == name), None)
        fitting = [kernel for kernel in self.kernels if language in {None, kernel.language}]
        return (fitting or list(self.kernels))[0] if self.kernels else None


def is_for(version: Version, person: Person) -> bool:
    """Whether the version's environment is for this person; admins have all of them."""
    return person.admin or not version.groups or bool(set(version.groups) & set(person.groups))


def runnable(versions: Iterable[Version], person: Person) -> list[Version]:
    """What this person may name for a run: deprecated versions too, removed ones to be told that they are."""
    return [version for version in versions if is_for(version, person)]


def offered(versions: Iterable[Version], person: Person) -> list[Version]:
    """What this person chooses from, in the given order."""
    return [version for version in runnable(versions, person) if version.offer is Offer.OFFERED]


def default_of(versions: list[Version]) -> Version | None:
    """What people get when they name nothing: the first stable version, else the first on offer."""
    there = [version for version in versions if version.offer is Offer.OFFERED]
    stable = [version for version in there if "stable" in version.channels]
    return next(iter(stable or there), None)


def choose(versions: list[Version], wanted: str | None) -> Version:
    """The version that ``NAME``, ``NAME:VERSION`` or ``NAME@CHANNEL`` means; None means the default.

    Args:
        versions: what the person may run, as records list them.
        wanted: what they typed.

    Raises:
        NotFound: there is no such version among them; the message lists what there is.
        Conflict: it was removed.
        Invalid: the text has another form.
    """
    if not versions:
        raise NotFound("no environment is registered yet", "An admin registers one with `make up`.")
    if not wanted:
        chosen = default_of(versions)
        if chosen is None:
            raise NotFound("no version is on offer", "Name one, or ask an admin.", field="environment")
        return chosen
    match = re.fullmatch(r"([^:@\s]+)(?:([:@])(\S+))?", wanted)
    if not match:
        raise Invalid(
            f"'{wanted}' does not name an environment",
            "Write NAME, NAME:VERSION or NAME@CHANNEL.",
            field="environment",
        )
    name, mark, rest = match[1], match[2], match[3]
    of_name = [version for version in versions if version.environment == name]
    if not of_name:
        names = ", ".join(sorted({version.environment for version in versions}))
        raise NotFound(f"there is no environment '{name}'", f"There is: {names}.", field="environment")
    if mark is None:
        found = default_of(of_name)
        if found is None:
            raise Conflict(
                f"no version of '{name}' is on offer any more",
                "Choose another environment.",
                field="environment",
            )
    elif mark == "@":
        found = next((version for version in of_name if rest in version.channels), None)
    else:
        found = next((version for version in of_name if version.version == rest), None)
    if found is None:
        there = ", ".join(version.label for version in of_name if version.offer is Offer.OFFERED)
        what = "channel" if mark == "@" else "version"
        raise NotFound(
            f"'{name}' has no {what} '{rest}'",
            f"There is: {there or 'nothing on offer'}.",
            field="environment",
        )
    check_there(found)
    return found


def check_there(version: Version) -> None:
    """Raise :class:`Conflict` for a version that was removed."""
    if version.offer is Offer.REMOVED:
        raise Conflict(
            f"{version.label} was removed",
            f"Choose another version, or ask an admin to build it again from its lock: "
            f"`nightdesk env build --again {version.label}`.",
            field="environment",
        )


def from_registration(entry: dict[str, Any], now: float) -> Version:
    """A version from what the image build wrote down.

    Raises:
        Invalid: something is missing or misshapen; the message names it.
    """
    spec = entry.get("spec")
    if not isinstance(spec, dict):
        raise Invalid("the entry has no 'spec'")
    name, version = str(spec.get("name", "")), str(spec.get("version", ""))
    if not NAME.fullmatch(name):
        raise Invalid(f"'{name}' is no name for an environment", "Use lower-case letters, digits, hyphens.")
    if not VERSION.fullmatch(version):
        raise Invalid(f"'{version}' is no version of '{name}'", "Use letters, digits, dots, hyphens.")
    digest = str(entry.get("digest", ""))
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise Invalid(f"{name}:{version} has no image digest")
    try:
        kernels = tuple(
            Kernel(
                str(kernel["name"]), str(kernel.get("display_name", kernel["name"])), str(kernel["language"])
            )
            for kernel in spec.get("kernels", [])
        )
        packages = tuple(packages_from(entry.get("packages", [])))
        layers = tuple(Layer(str(item["id"]), int(item["bytes"])) for item in entry.get("layers", []))
        size = int(entry.get("size_bytes") or 0)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Invalid(
            f"{name}:{version} has a misshapen kernel, package or layer: {type(error).__name__}: {error}",
            "A kernel has 'name' and 'language'; see the other environment.yaml files.",
        ) from None
    if not kernels:
        raise Invalid(f"{name}:{version} lists no kernel", "Add 'kernels:' to its environment.yaml.")
    channel = spec.get("channel")
    if channel is not None and channel not in CHANNELS:
        raise Invalid(f"{name}:{version} names the channel '{channel}'", f"There is: {', '.join(CHANNELS)}.")
    return Version(
        environment=name,
        version=version,
        digest=digest,
        image=str(entry.get("image", "")),
        title=str(spec.get("title") or name),
        description=str(spec.get("description") or ""),
        kernels=kernels,
        created_at=now,
        channels=(channel,) if channel else (),
        packages=packages,
        origin=Origin(
            source=str(entry.get("from") or ""),
            built_by=str(entry.get("built_by") or ""),
            build_id=entry.get("build_id"),
            recipe_sha256=str(entry.get("recipe_sha256") or ""),
            lock=str(entry.get("lock") or ""),
        ),
        size_bytes=size,
        layers=layers,
        contract=entry.get("contract"),
    )


def packages_from(listed: Iterable[Mapping[str, Any]]) -> list[Package]:
    """Packages as an image lists them: ``name``, ``version`` and, where it is no Python one, ``kind``."""
    return [
        Package(str(item["name"]), str(item["version"]), str(item.get("kind") or "python")) for item in listed
    ]


@dataclass(frozen=True, slots=True)
class PackageChange:
    """What differs in one package from one version to another; None where it is not there."""

    name: str
    kind: str
    before: str | None
    after: str | None

    @property
    def major(self) -> bool:
        """Its first number differs (of ``0.x`` the second as well): what may break code that used it."""
        if self.before is None or self.after is None:
            return False
        return _leading(self.before) != _leading(self.after)


def compare(before: Iterable[Package], after: Iterable[Package]) -> list[PackageChange]:
    """Packages added, removed and changed, by kind and name."""
    old = {(each.kind, each.name.lower()): each for each in before}
    new = {(each.kind, each.name.lower()): each for each in after}
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if (was and was.version) != (now and now.version):
            found.append(
                PackageChange(
                    (now or was).name,  # type: ignore[union-attr]  # the key is of one of them
                    key[0],
                    was.version if was else None,
                    now.version if now else None,
                )
            )
    return found


def _leading(version: str) -> tuple[str, ...]:
    """What stands before the parts that may change without breaking anything; epochs (``1:``, ``2!``) count."""
    numbers = re.findall(r"\d+", version)
    lead = 2 if re.match(r"\d+[:!]", version) else 1
    return tuple(numbers[: lead + 1] if numbers[lead - 1 : lead] == ["0"] else numbers[:lead])
