"""Laying out what a version is made from, whatever an admin handed over."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
import tempfile
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import IO, Any

import yaml

from nightdesk.preflight.lock import is_locked
from nightdesk.server.domain.build import Build, BuildKind
from nightdesk.server.domain.environment import Version
from nightdesk.server.domain.errors import Invalid, NotFound
from nightdesk.server.domain.recipe import (
    DOCKERFILE,
    LIST,
    LOCK_PROGRAM,
    PYTHON_KERNEL,
    SMOKE,
    SPEC,
    TOOLS,
    dockerfile,
    problems,
    smoke_notebook,
)
from nightdesk.server.domain.requirements import from_conda, names_in
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records
from nightdesk.server.services.archive import check_archive
from nightdesk.server.services.build_watch import BuildParts, BuildWatch
from nightdesk.server.services.own_package import OwnPackage, own_package
from nightdesk.server.services.request_build import build_key, free_version, recipe_key

MOST_BYTES = 200 * 2**20  # of a recipe, laid out
_LISTS = (LIST, "requirements.in")
_CONDA = ("environment.yml", "environment.yaml")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A folder to build from; ``spec`` is what its environment.yaml says, ``source`` where it comes from in words.

    ``folder`` is None for an image that exists already.
    """

    folder: Path | None
    spec: dict[str, Any]
    source: str

    @property
    def smoke(self) -> bytes | None:
        """The smoke notebook."""
        name = self.spec.get("smoke")
        return (self.folder / name).read_bytes() if self.folder and name else None

    @property
    def locked(self) -> str:
        """Its list of packages where that is a lock; empty where it has to be locked first."""
        path = self.folder / LIST if self.folder else None
        text = path.read_text("utf-8") if path is not None and path.is_file() else ""
        return text if is_locked(text) else ""

    @property
    def sha256(self) -> str:
        """The checksum of its Dockerfile; empty where there is none."""
        return hashlib.sha256((self.folder / DOCKERFILE).read_bytes()).hexdigest() if self.folder else ""


def lay_out(parts: BuildParts, watch: BuildWatch, folder: Path) -> Recipe:
    """Bring what the build is made from into ``folder``, which is empty.

    Raises:
        Refused: what was handed over makes no version; the words say what to change.
        BuildFailed, Interrupted: see ``ports.builder``.
    """
    build = watch.build
    if build.kind is BuildKind.IMAGE:
        return Recipe(None, _named({}, build), f"image {build.source}")
    if build.kind is BuildKind.AGAIN:
        return _again(parts, build, folder)
    if build.files:
        with parts.store.open(build_key(build)) as sent:
            unpack(sent, folder)
        place, source = folder, "files sent along"
    elif build.kind is BuildKind.GIT:
        commit = parts.repositories.fetch(build.source, build.ref, folder, watch.say, watch.stop)
        place, source = _inside(folder, build.folder), f"git {build.source} at {commit}"
        source += f", folder {build.folder}" if build.folder else ""
    else:
        place, source = folder, _copied(parts.sources, build.source, folder)
    return _recipe(parts.records, replace(build, source=source), place)


def _recipe(records: Records, build: Build, folder: Path) -> Recipe:
    """What lies in the folder, made whole."""
    if not (folder / DOCKERFILE).is_file():
        _generate(records, build, folder)
    spec = _named(_read_spec(folder), build)
    (folder / SPEC).write_text(yaml.safe_dump(spec, sort_keys=False, allow_unicode=True), "utf-8")
    for problem in problems(spec, {path.relative_to(folder).as_posix() for path in folder.rglob("*")}):
        raise Invalid(f"{SPEC}: {problem}")
    return Recipe(folder, spec, build.source)


def _named(spec: dict[str, Any], build: Build) -> dict[str, Any]:
    """What the environment says of itself, and what the admin said instead."""
    said = {
        "name": build.environment,
        "version": build.version,
        "title": build.title,
        "description": build.description,
        "channel": build.channel,
    }
    named = {**spec, **{key: value for key, value in said.items() if value}}
    if build.kind is BuildKind.AGAIN:
        named.pop("channel", None)
    return named


def _read_spec(folder: Path) -> dict[str, Any]:
    path = folder / SPEC
    if not path.is_file():
        raise Invalid(f"there is no {SPEC} beside the Dockerfile", "images/python-data shows what it says.")
    document = _yaml(path)
    return document


def _yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} is no YAML: {error}") from None
    if not isinstance(document, dict):
        raise Invalid(f"{path.name} holds no keys")
    return document


def _generate(records: Records, build: Build, folder: Path) -> None:
    """Write the recipe for a list of packages."""
    own, spec = own_package(folder), _own_spec(folder)
    text = _list(folder, own)
    names = names_in(text)
    if own is not None:
        names = [own.name, *(() if is_locked(text) else names)]
        if own.tools:
            (folder / TOOLS).write_text("".join(f"{each}\n" for each in own.tools), "utf-8")
    (folder / "requirements.in").unlink(missing_ok=True)
    (folder / LIST).write_text(text, "utf-8")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    (folder / DOCKERFILE).write_text(dockerfile(there), "utf-8")
    program = resources.files("nightdesk.preflight").joinpath(LOCK_PROGRAM)
    (folder / LOCK_PROGRAM).write_bytes(program.read_bytes())
    if not (folder / str(spec.get("smoke") or SMOKE)).is_file() or "smoke" not in spec:
        if not (folder / SMOKE).is_file():
            (folder / SMOKE).write_bytes(smoke_notebook(names))
        spec["smoke"] = SMOKE
    name = build.environment or spec.get("name")
    if not name:
        raise Invalid("nothing says what the environment is called", "Give its name: `--name NAME`.")
    spec["name"] = name
    if not (build.version or spec.get("version")):
        spec["version"] = free_version(records, str(name))
    spec.setdefault("kernels", [PYTHON_KERNEL])
    (folder / SPEC).write_text(yaml.safe_dump(spec, sort_keys=False), "utf-8")


def _list(folder: Path, own: OwnPackage | None) -> str:
    """The list of packages in the folder, as pip has it, with what a package of one's own needs. A list that is locked
    is complete; whether it has what the package needs, pip says at the end."""
    needs = "".join(f"{each}\n" for each in own.needs) if own is not None else ""
    for name in _LISTS:
        if (folder / name).is_file():
            text = _text(folder / name)
            return text if is_locked(text) else text.rstrip("\n") + "\n" + needs
    for name in _CONDA:
        path = folder / name
        if path.is_file() and "dependencies" in (document := _yaml(path)):
            return from_conda(document) + needs
    if own is not None:
        if not needs:
            raise Invalid(
                f"{own.name} needs no package at all", "Send a list of packages along: NAME a line."
            )
        return needs
    raise Invalid(
        "there is neither a Dockerfile nor a list of packages",
        f"Send {LIST}, or conda's {_CONDA[0]}, or a folder with a Dockerfile and {SPEC}.",
    )


def _own_spec(folder: Path) -> dict[str, Any]:
    """The environment.yaml where it is the platform's own and not conda's."""
    path = folder / SPEC
    document = _yaml(path) if path.is_file() else {}
    return {} if "dependencies" in document else document


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise Invalid(f"{path.name} is no text in UTF-8") from None


def _copied(sources: Path, source: str, folder: Path) -> str:
    """A folder of the platform's own ``images``, copied."""
    wanted = source.removeprefix("images/").strip("/")
    images = (sources / "images").resolve()
    place = (images / wanted).resolve()
    if not wanted or images not in place.parents or not (place / SPEC).is_file():
        there = sorted(path.parent.relative_to(images).as_posix() for path in images.glob(f"*/*/{SPEC}"))
        raise NotFound(
            f"there is no folder images/{wanted[:100]} with an {SPEC}", f"There is: {', '.join(there)}."
        )
    shutil.copytree(place, folder, dirs_exist_ok=True, symlinks=True)
    return f"folder images/{wanted}"


def _inside(folder: Path, wanted: str) -> Path:
    place = (folder / wanted).resolve()
    if folder.resolve() not in (place, *place.parents) or not place.is_dir():
        raise NotFound(f"the repository has no folder '{wanted[:100]}'")
    return place


def _again(parts: BuildParts, build: Build, folder: Path) -> Recipe:
    """A version that was there, from what it was made of, with its recorded lock in the place of its list."""
    name, _, label = build.source.partition(":")
    known = parts.records.version(name, label)
    if known is None:
        raise NotFound(f"there is no version '{build.source[:130]}'")
    try:
        kept = parts.store.open(recipe_key(name, label))
    except NotFound:
        raise NotFound(
            f"what {known.label} was made of is not in the store, so it cannot be built again",
            "Build a version of its own from its list of packages.",
        ) from None
    with kept:
        unpack(kept, folder)
    if known.origin.lock and (folder / LOCK_PROGRAM).is_file():  # others hold their lock themselves
        (folder / LIST).write_text(known.origin.lock, "utf-8")
    source = f"{known.label} built again from its recorded lock ({known.origin.source or known.digest[:19]})"
    return _recipe(parts.records, replace(build, source=source), folder)


def keep(store: FileStore, recipe: Recipe) -> None:
    """Put the recipe into the store, so that the version can be built again."""
    if recipe.folder is not None:
        _put(store, recipe_key(recipe.spec["name"], recipe.spec["version"]), recipe.folder)


def keep_folder(store: FileStore, sources: Path, version: Version) -> None:
    """The same for a version that setup/images.sh built from a folder of the platform's own ``images``."""
    key, origin = recipe_key(version.environment, version.version), version.origin.source
    folder = sources / origin.removeprefix("folder ")
    if origin.startswith("folder images/") and folder.is_dir() and not store.exists(key):
        _put(store, key, folder)


def _put(store: FileStore, key: str, folder: Path) -> None:
    with tempfile.TemporaryFile() as packed:
        pack(folder, packed)
        packed.seek(0)
        store.put(key, packed)


def pack(folder: Path, target: IO[bytes]) -> None:
    """Write the folder as a gzip tar that is the same for the same content."""
    with (
        gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if not path.is_file() or path.is_symlink() or name.split("/")[0] == ".git":
                continue
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = path.stat().st_size, 0o755 if path.stat().st_mode & 0o100 else 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)


def unpack(archive: IO[bytes], folder: Path) -> None:
    """Lay out a gzip tar.

    Raises:
        Invalid, TooLarge: it is none, or has an entry that leaves the folder; nothing is laid out then.
    """
    content = archive.read()
    check_archive(io.BytesIO(content), len(content), MOST_BYTES)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        tar.extractall(folder, filter="data")
