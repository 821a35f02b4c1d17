"""Environments: named lines of images, their versions and the channels that point at them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from nightdesk.server.domain.errors import Invalid, NotFound

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,62}")
CHANNELS = ("stable", "next")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A way to run cells: the kernelspec's name, what people see, its language."""

    name: str
    display_name: str
    language: str


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable build of an environment. ``digest`` is the image's ID, ``sha256:…``."""

    environment: str
    version: str
    digest: str
    image: str
    title: str
    description: str
    kernels: tuple[Kernel, ...]
    created_at: float
    channels: tuple[str, ...] = ()
    packages: tuple[tuple[str, str], ...] = field(default=(), repr=False)

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


def default_of(versions: list[Version]) -> Version | None:
    """What people get when they name nothing: the stable version, else the newest."""
    stable = [version for version in versions if "stable" in version.channels]
    return next(iter(stable or versions), None)


def choose(versions: list[Version], wanted: str | None) -> Version:
    """The version that ``NAME``, ``NAME:VERSION`` or ``NAME@CHANNEL`` means; None means the default.

    Args:
        versions: what the person may use, newest first.
        wanted: what they typed.

    Raises:
        NotFound: there is no such version among them; the message lists what there is.
        Invalid: the text has another form.
    """
    if not versions:
        raise NotFound("no environment is registered yet", "An admin registers one with `make up`.")
    if not wanted:
        chosen = default_of(versions)
        assert chosen is not None  # noqa: S101 - versions is not empty
        return chosen
    match = re.fullmatch(r"([^:@\s]+)(?:([:@])(\S+))?", wanted)
    if not match:
        raise Invalid(f"'{wanted}' does not name an environment", "Write NAME, NAME:VERSION or NAME@CHANNEL.")
    name, mark, rest = match[1], match[2], match[3]
    of_name = [version for version in versions if version.environment == name]
    if not of_name:
        names = ", ".join(sorted({version.environment for version in versions}))
        raise NotFound(f"there is no environment '{name}'", f"There is: {names}.")
    if mark is None:
        found = default_of(of_name)
    elif mark == "@":
        found = next((version for version in of_name if rest in version.channels), None)
    else:
        found = next((version for version in of_name if version.version == rest), None)
    if found is None:
        there = ", ".join(version.label for version in of_name)
        what = "channel" if mark == "@" else "version"
        raise NotFound(f"'{name}' has no {what} '{rest}'", f"There is: {there}.")
    return found


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
        packages = tuple((str(item["name"]), str(item["version"])) for item in entry.get("packages", []))
    except (KeyError, TypeError, AttributeError) as error:
        raise Invalid(
            f"{name}:{version} has a misshapen kernel or package: {type(error).__name__}: {error}",
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
    )
