"""Accepting a build: check all that can be known now, store what was sent along, put it on record."""

from __future__ import annotations

import re
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import IO
from urllib.parse import urlsplit

from nightdesk.server.domain.build import Build, BuildKind, new_build_id
from nightdesk.server.domain.environment import CHANNELS, NAME, VERSION
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound
from nightdesk.server.domain.names import on_one_line
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.recipe import PACKAGE, WHEELS
from nightdesk.server.domain.submission import check_label
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records
from nightdesk.server.services.archive import check_archive
from nightdesk.server.services.rerun import again_of
from nightdesk.server.services.submit import Files

MAX_BYTES = 50 * 2**20  # of what is sent along, packed and unpacked
_LONGEST_TEXT = 2000
_LONGEST_ADDRESS = 500
_TRIES = 5  # at a free version, when others take one at the same moment
REQUIREMENTS = (
    "requirements.txt",
    "requirements.in",
    "environment.yaml",
    "environment.yml",
)
# names that images or addresses of the platform's own have
_TAKEN_NAMES = frozenset(
    {"base", "build", "builds", "cleaning", "client", "compare", "hub", "proxy", "redis", "scheduler"}
)
_TAKEN_VERSIONS = frozenset({"channels", "events", "groups", "latest"})
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,299}")
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ +-]*")


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What an admin wants built, as typed; see :class:`Build` for what the fields mean."""

    kind: BuildKind
    environment: str = ""
    version: str = ""
    title: str = ""
    description: str = ""
    channel: str | None = None
    source: str = ""
    ref: str = ""
    folder: str = ""


def build_key(build: Build) -> str:
    """Where in the store what was sent along is kept."""
    return f"builds/{build.id}/context.tar.gz"


def recipe_key(environment: str, version: str) -> str:
    """Where in the store what a version was made of is kept."""
    return f"environments/{environment}/{version}/recipe.tar.gz"


def request_build(
    records: Records, store: FileStore, by: Person, wanted: BuildRequest, files: Files | None
) -> Build:
    """Put a build on record; a worker begins it within a second or two, when no other goes on.

    Args:
        records: the database.
        store: where what was sent along goes.
        by: the admin who asks.
        wanted: what they want.
        files: a gzip tar with the requirements or the folder, where one was sent along.

    Raises:
        Invalid: something in the request is wrong.
        TooLarge: more than 50 MB were sent along.
        NotFound: there is no such version to build again.
        Conflict: the name and version are taken.
    """
    build = _checked(records, store, by, wanted, files is not None)
    if files is not None:
        _check_files(wanted.kind, files)
        files.archive.seek(0)
        store.put(build_key(build), files.archive)
    try:
        return _added(records, build, fixed=bool(wanted.version))
    except BaseException:
        store.remove(f"builds/{build.id}")
        raise


def next_version(taken: Iterable[str], now: float) -> str:
    """The next free ``YYYY.MM.N`` of the month.

    Args:
        taken: versions that there are, or that are being made.
        now: seconds since 1970; the month is UTC's.
    """
    month = time.strftime("%Y.%m", time.gmtime(now))
    numbers = [
        int(found[1]) for each in taken if (found := re.fullmatch(rf"{re.escape(month)}\.(\d+)", each))
    ]
    return f"{month}.{max(numbers, default=0) + 1}"


def free_version(records: Records, environment: str) -> str:
    """The version that a build of this environment gets when it names none."""
    return next_version(_taken(records, environment), records.now())


def _checked(records: Records, store: FileStore, by: Person, wanted: BuildRequest, sent: bool) -> Build:
    environment, version, source = wanted.environment.strip(), wanted.version.strip(), wanted.source.strip()
    ref, folder = wanted.ref.strip(), wanted.folder.strip().strip("/")
    _check_fitting(wanted, sent)
    if wanted.kind is BuildKind.FOLDER and not sent:
        environment, version, source = _folder(environment, version, source)
    elif wanted.kind is BuildKind.GIT:
        _check_address(source)
        _check_ref(ref)
        _check_path(folder)
    elif wanted.kind is BuildKind.IMAGE and not _IMAGE.fullmatch(source):
        raise Invalid(
            f"'{source[:100]}' names no image",
            "Write it as `docker pull` takes it: NAME:TAG.",
            field="source",
        )
    elif wanted.kind is BuildKind.AGAIN:
        environment, version, source = _again(records, store, source)
    if wanted.kind in {BuildKind.REQUIREMENTS, BuildKind.IMAGE} and not environment:
        raise Invalid(
            "the build names no environment",
            "Give it a new name, or that of one there is.",
            field="environment",
        )
    _check_names(environment, version)
    return Build(
        id=new_build_id(),
        kind=wanted.kind,
        requested_by=by.name,
        created_at=records.now(),
        environment=environment,
        version=version,
        title=check_label("the title", wanted.title, "title") if wanted.title.strip() else "",
        description=_text(wanted.description),
        source=source,
        ref=ref,
        folder=folder,
        channel=_channel(wanted),
        files=sent,
    )


def _added(records: Records, build: Build, fixed: bool) -> Build:
    """On record, under the next free version where the kind does not say one itself and none was asked for."""
    ours = not fixed and build.kind in {BuildKind.REQUIREMENTS, BuildKind.IMAGE}
    for left in range(_TRIES if ours else 1, 0, -1):
        if ours:
            build = replace(build, version=free_version(records, build.environment))
        try:
            records.add_build(build)
        except Conflict:
            if left == 1:
                raise
        else:
            break
    return build


def _taken(records: Records, environment: str) -> list[str]:
    there = [version.version for version in records.versions() if version.environment == environment]
    coming = [
        build.version
        for build in records.builds(limit=200)
        if build.environment == environment and not build.final
    ]
    return there + coming


def _check_fitting(wanted: BuildRequest, sent: bool) -> None:
    """What goes with which kind."""
    kind = wanted.kind
    if kind is BuildKind.REQUIREMENTS and not sent:
        raise Invalid(
            "a build from requirements needs them sent along",
            f"The part 'files' is a gzip tar with one of: {', '.join(REQUIREMENTS)}.",
        )
    if sent and kind not in {BuildKind.REQUIREMENTS, BuildKind.FOLDER}:
        raise Invalid(f"a build of the kind '{kind}' takes no files along")
    if sent and wanted.source.strip():
        raise Invalid("a build has either files that were sent along, or a source", "Leave one of them out.")
    if (wanted.ref.strip() or wanted.folder.strip()) and kind is not BuildKind.GIT:
        raise Invalid("'ref' and 'folder' say what to take from a git repository", "Leave them out.")
    if kind is BuildKind.AGAIN and (wanted.environment.strip() or wanted.version.strip() or wanted.channel):
        raise Invalid(
            "a version that is built again keeps its name, and no channel points at it",
            "Leave out the name, the version and the channel.",
        )


def _check_names(environment: str, version: str) -> None:
    if environment and (not NAME.fullmatch(environment) or environment in _TAKEN_NAMES):
        raise Invalid(
            f"'{environment[:70]}' cannot be the name of an environment",
            "Use lower-case letters, digits and hyphens, beginning with a letter; none of the platform's own names.",
            field="environment",
        )
    if version and (not VERSION.fullmatch(version) or version in _TAKEN_VERSIONS):
        raise Invalid(
            f"'{version[:70]}' cannot be a version", "Use letters, digits, dots and hyphens.", field="version"
        )


def _folder(environment: str, version: str, source: str) -> tuple[str, str, str]:
    """Name, version and place of a folder below ``images/``, which is called after both."""
    parts = source.removeprefix("images/").removesuffix("/").split("/")
    if len(parts) != 2 or not NAME.fullmatch(parts[0]) or not VERSION.fullmatch(parts[1]):
        raise Invalid(f"'{source[:140]}' is no folder below images/", "Write NAME/VERSION.", field="source")
    if environment not in {"", parts[0]} or version not in {"", parts[1]}:
        raise Invalid(
            f"the folder {source[:140]} is {parts[0]}:{parts[1]}", "Leave out the name and the version."
        )
    return parts[0], parts[1], "/".join(parts)


def _again(records: Records, store: FileStore, source: str) -> tuple[str, str, str]:
    """Name and version under which a version is built again, and the version."""
    environment, _, version = source.partition(":")
    there = records.version(environment, version)
    if there is None:
        raise NotFound(
            f"there is no version '{source[:130]}'", "List them: `nightdesk env list --all`.", field="source"
        )
    if not store.exists(recipe_key(environment, version)):
        raise Conflict(
            f"what {there.label} was made of is not on record: it came as an image",
            "Register that image anew: `nightdesk env build --image IMAGE`.",
        )
    taken = [again_of(version, each) for each in _taken(records, environment)]
    return environment, f"{version}-again.{max(taken, default=0) + 1}", there.label


def _check_address(source: str) -> None:
    try:
        parts = urlsplit(source)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole or len(source) > _LONGEST_ADDRESS or not source.isprintable() or " " in source:
        raise Invalid(
            f"'{on_one_line(source)}' is no address of a git repository",
            "Write https://HOST/PATH.git.",
            field="source",
        )
    if "@" in parts.netloc:
        raise Invalid(
            "the address of the repository holds a user or a password",
            "Leave it out: addresses are kept and shown. Send the folder along instead of the address.",
            field="source",
        )


def _check_ref(ref: str) -> None:
    if ref and (not _REF.fullmatch(ref) or ".." in ref):
        raise Invalid(f"'{on_one_line(ref)}' is no branch, tag or commit", field="ref")


def _check_path(folder: str) -> None:
    if folder and (len(folder) > _LONGEST_ADDRESS or not all(map(_PART.fullmatch, folder.split("/")))):
        raise Invalid(
            f"'{on_one_line(folder)}' is no folder in a repository", "Write it as a/b/c.", field="folder"
        )


def _channel(wanted: BuildRequest) -> str | None:
    if not wanted.channel:
        return None
    if wanted.channel not in CHANNELS:
        raise Invalid(
            f"there is no channel '{wanted.channel[:40]}'",
            f"There is: {', '.join(CHANNELS)}.",
            field="channel",
        )
    return wanted.channel


def _text(value: str) -> str:
    value = value.strip()
    if len(value) > _LONGEST_TEXT or any(not each.isprintable() and each not in "\n\t\r" for each in value):
        raise Invalid(
            f"the description must be text of at most {_LONGEST_TEXT} characters", field="description"
        )
    return value


def _check_files(kind: BuildKind, files: Files) -> None:
    check_archive(files.archive, files.packed_bytes, MAX_BYTES)
    names = _names(files.archive)
    alone = any(name == f"{PACKAGE}/pyproject.toml" or name.startswith(f"{WHEELS}/") for name in names)
    if kind is BuildKind.REQUIREMENTS and not names.intersection(REQUIREMENTS) and not alone:
        raise Invalid(
            "there are no requirements among what was sent",
            f"Send one of: {', '.join(REQUIREMENTS)}.",
        )
    if kind is BuildKind.FOLDER and (missing := {"Dockerfile", "environment.yaml"} - names):
        raise Invalid(
            f"the folder has no {' and no '.join(sorted(missing))}",
            "A folder to build has both; docs/environments.md shows one. To build from a list of packages "
            "alone, send requirements.txt.",
        )


def _names(archive: IO[bytes]) -> set[str]:
    """The files at the top of an archive that was checked."""
    archive.seek(0)
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        return {member.name.removeprefix("./") for member in tar if member.isreg()}
