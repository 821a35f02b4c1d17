"""Which images there are, what each is made of, and in which order they are built.

    image_plan.py [platform] [environments]

prints one image a line, its fields separated by tabs: kind, image, version, source, folder, named
build contexts (NAME=FOLDER, separated by commas), the images it stands on (ARG=IMAGE, likewise),
smoke notebook, and the specification as JSON; `-` where there is none. ``source`` is a hash of
everything that goes into the image: where an image with that hash is here already, there is nothing
to build.

Folders are relative to the repository's root. ``NIGHTDESK_ENVIRONMENTS`` names the environments
wanted, as ``NAME`` or ``NAME:VERSION``; without it all are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environment_spec import SpecError, read_spec

ROOT = Path(__file__).resolve().parent.parent

# No image holds these: what packages were asked for before they were locked, and litter.
LEFT_OUT = re.compile(r"(^|/)(__pycache__|node_modules|\.[^/]*)(/|$)|\.pyc$|~$|\.in$")
# What scheduler/ gives to images other than its own: everything but the server, which changes most
# often, and the runner and the preflight, which are sent in.
NOT_LIGHT = tuple(f"scheduler/src/nightdesk/{name}" for name in ("server", "runner", "preflight"))
CONFIG = tuple(f"scheduler/src/nightdesk/{name}.py" for name in ("config", "sections"))
CORE = ("scheduler/pyproject.toml", "scheduler/src/nightdesk")
BUILD_TOOLS = ("images/base/install-packages", "images/base/build-requirements.txt")


class PlanError(Exception):
    """What is in the repository makes no image; the words say where and what to change."""


@dataclass(frozen=True)
class Image:
    """One image, made of the files and folders ``sources`` except ``without``, on top of ``base``, with ``lab`` in it."""

    kind: str
    name: str
    folder: str
    sources: tuple[str, ...]
    without: tuple[str, ...] = ()
    contexts: Mapping[str, str] = field(default_factory=dict)
    base: Image | None = None
    lab: Image | None = None
    version: str = "latest"
    spec: Mapping[str, Any] | None = None
    smoke: str | None = None

    @property
    def repository(self) -> str:
        """The image's name in the engine, without a tag."""
        return f"nightdesk/{self.name}"


SCHEDULER, BASE_FILES = {"scheduler": "scheduler"}, {"base": "images/base"}
CLIENT = ("images/client", *CORE, *BUILD_TOOLS)
BASE = Image("base", "base", "images/base", ("images/base",), without=BUILD_TOOLS[1:])
LAB = Image("base", "lab-extension", "images/lab-extension", ("images/lab-extension",))
PLATFORM = (
    Image("platform", "scheduler", "scheduler", ("scheduler", *BUILD_TOOLS), contexts=BASE_FILES),
    Image("platform", "hub", "hub", ("hub", *CORE, *BUILD_TOOLS), NOT_LIGHT, {**SCHEDULER, **BASE_FILES}),
    Image("platform", "proxy", "services/proxy", ("services/proxy",)),
    Image("platform", "redis", "services/redis", ("services/redis",)),
    Image("platform", "tls", "services/tls", ("services/tls",)),
)


def source_hash(image: Image, root: Path = ROOT) -> str:
    """Twelve hex digits that change with the name, the mode or the content of any source."""
    digest = hashlib.sha256(
        b"".join(source_hash(each, root).encode() for each in (image.base, image.lab) if each)
    )
    for path in _files(image, root):
        executable = "x" if path.stat().st_mode & 0o100 else "-"
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()}\0{executable}\0{content}\n".encode())
    return digest.hexdigest()[:12]


def _files(image: Image, root: Path) -> list[Path]:
    found: set[Path] = set()
    for source in image.sources:
        start = root / source
        if not start.exists():
            raise PlanError(f"{source} is missing, and the image {image.repository} is made from it")
        found.update([start] if start.is_file() else (path for path in start.rglob("*") if path.is_file()))
    without = [root / path for path in image.without]
    return sorted(
        path
        for path in found
        if not LEFT_OUT.search(path.relative_to(root).as_posix())
        and not any(path == other or other in path.parents for other in without)
    )


def environments(root: Path = ROOT) -> list[Image]:
    """Every version of every environment, the oldest version of each name first.

    The environment with the oldest version comes first: on a new platform it is put on record first,
    and what has been there longest is what people get when they name none.

    Raises:
        SpecError: one of them does not say what it must.
        PlanError: one has no Dockerfile, or two versions claim one channel.
    """
    folders = [path.parent for path in (root / "images").glob("*/*/environment.yaml")]
    found = []
    channels: dict[tuple[str, str], str] = {}
    oldest: dict[str, list[tuple[int, str]]] = {}
    for folder in folders:
        age = _age(folder.name)
        oldest[folder.parent.name] = min(age, oldest.get(folder.parent.name, age))
    for folder in sorted(
        folders, key=lambda path: (oldest[path.parent.name], path.parent.name, _age(path.name))
    ):
        spec = read_spec(folder, root, {image.name for image in (BASE, LAB, *PLATFORM)})
        place = folder.relative_to(root).as_posix()
        if not (folder / "Dockerfile").is_file():
            raise PlanError(f"{place} has no Dockerfile; copy that of another version")
        if channel := spec.get("channel"):
            other = channels.setdefault((spec["name"], channel), place)
            if other != place:
                raise PlanError(f"{other} and {place} both claim the channel '{channel}'; one can have it")
        found.append(_environment(spec, place))
    return found


def _environment(spec: dict[str, Any], place: str) -> Image:
    """An environment is made in two steps: its packages, which take long, and the client on top."""
    name, version = spec["name"], spec["version"]
    packages = Image("packages", name, place, (place,), base=BASE, version=f"{version}-packages")
    return Image(
        "environment",
        name,
        "images/client",
        CLIENT,
        (*NOT_LIGHT, *CONFIG),
        {**SCHEDULER, **BASE_FILES},
        base=packages,
        lab=LAB,
        version=version,
        spec=spec,
        smoke=f"{place}/{spec['smoke']}" if spec.get("smoke") else None,
    )


def _age(version: str) -> list[tuple[int, str]]:
    """Sorts 2026.9 before 2026.10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[._-]", version)]


def chosen(images: Iterable[Image], wanted: str) -> list[Image]:
    """Those of ``images`` that ``wanted`` names (``NAME`` or ``NAME:VERSION``); all when it is empty.

    Raises:
        PlanError: it names one that is not there.
    """
    images = list(images)
    names = re.split(r"[\s,]+", wanted.strip()) if wanted.strip() else []
    for name in names:
        if not any(name in {image.name, f"{image.name}:{image.version}"} for image in images):
            there = ", ".join(f"{image.name}:{image.version}" for image in images)
            raise PlanError(f"NIGHTDESK_ENVIRONMENTS names '{name}'; there is: {there}")
    return [
        image
        for image in images
        if not names or image.name in names or f"{image.name}:{image.version}" in names
    ]


def plan(groups: Iterable[str], wanted: str = "", root: Path = ROOT) -> list[Image]:
    """The images of the groups ``platform`` and ``environments``; what others stand on comes first."""
    groups = set(groups)
    if unknown := groups - {"platform", "environments"}:
        raise PlanError(f"there is no group '{min(unknown)}'; there is: platform, environments")
    result: list[Image] = []
    if "environments" in groups:
        result.extend((BASE, LAB))
    if "platform" in groups:
        result.extend(PLATFORM)
    if "environments" in groups:
        last = chosen(environments(root), wanted)
        result.extend(image.base for image in last if image.base)
        result.extend(last)
    return result


def line(image: Image, root: Path = ROOT) -> str:
    """One line of the plan, as described above."""
    below = {"BASE": image.base, "TOOLS": image.base.base if image.base else None, "LAB": image.lab}
    bases = ",".join(
        f"{argument}={other.repository}:src-{source_hash(other, root)}"
        for argument, other in below.items()
        if other
    )
    contexts = ",".join(f"{name}={folder}" for name, folder in image.contexts.items()) or "-"
    spec = json.dumps(image.spec, separators=(",", ":"), sort_keys=True) if image.spec else "-"
    fields = [image.kind, image.repository, image.version, source_hash(image, root), image.folder]
    return "\t".join([*fields, contexts, bases or "-", image.smoke or "-", spec])


def main() -> int:
    """Print the plan, or what is wrong."""
    try:
        for image in plan(
            sys.argv[1:] or ("platform", "environments"), os.environ.get("NIGHTDESK_ENVIRONMENTS", "")
        ):
            print(line(image))
    except (PlanError, SpecError) as error:
        print(f"  {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
