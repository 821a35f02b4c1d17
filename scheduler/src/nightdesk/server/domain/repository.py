"""Where code is fetched from: a file in a git repository, or one in somebody's home; and which of it cannot be."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from nightdesk.server.domain.connection import Connection
from nightdesk.server.domain.connection import check_name as check_connection_name
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.errors import Invalid

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST = 500
_LONGEST_PATH = 1000
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# What git itself refuses in the name of a branch or tag, and what would mean something else to it.
_NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|//|@\{|^[-/+.]|[/.]$|\.lock(/|$)|/\.|^@$")


@dataclass(frozen=True, slots=True)
class GitFile:
    """A file of a repository. ``folder`` is what comes along: None is the one that the file is in, "" all of it.

    ``repository`` is an address or the name of a connection; ``address`` is where it leads, without a login. ``ref`` is a
    branch, a tag or a whole commit, empty: the default branch; ``commit`` goes before it, where it is known already.
    """

    repository: str
    path: str
    ref: str = ""
    folder: str | None = None
    address: str = ""
    commit: str = ""

    @property
    def connection(self) -> str | None:
        """The connection that is named, if one is."""
        return None if "://" in self.repository else self.repository

    @property
    def file(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]

    @property
    def along(self) -> str:
        """The folder that comes along, without a slash at its end."""
        return self.path.rpartition("/")[0] if self.folder is None else self.folder

    @property
    def words(self) -> str:
        """Where it is, for people."""
        return f"{self.path} of {self.address or self.repository} at {self.ref or 'its default branch'}"

    def at(self, connection: Connection | None) -> GitFile:
        """The same with the address that its connection has now.

        Raises:
            Invalid: that one is of another kind.
        """
        if connection is None:
            return replace(self, address=self.repository)
        if connection.kind is not ConnectionKind.GIT:
            raise Invalid(
                f"connection '{connection.name}' is of kind {connection.kind}, not git",
                "Name a connection of kind git, or the repository's address.",
            )
        return replace(self, address=str(connection.settings["url"]))

    def fetched(self, commit: str) -> dict[str, Any]:
        """What is put on record of a run that was made from this commit of it."""
        return {
            "commit": commit,
            "branch": self.ref if self.ref and not COMMIT.fullmatch(self.ref) else None,
            "dirty": False,
            "remote": self.address,
            "path": self.path,
            "folder": self.along,
            "connection": self.connection,
            "fetched": True,
        }


@dataclass(frozen=True, slots=True)
class HomeFile:
    """A file of its owner's home; ``folder`` comes along, None: nothing does."""

    path: str
    folder: str | None = None

    @property
    def file(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]

    @property
    def words(self) -> str:
        """Where it is, for people."""
        return f"{self.path} in the home of its owner"


Place = GitFile | HomeFile
_KEPT = ("repository", "address", "ref", "commit", "path", "folder")


def check_git_file(wanted: GitFile) -> GitFile:
    """The same, tidied.

    Raises:
        Invalid: says what it must be.
    """
    repository = wanted.repository.strip()
    if "://" in repository:
        check_address(repository)
    else:
        check_connection_name(repository, None)
    ref = wanted.ref.strip()
    if len(ref) > _LONGEST or (ref and _NO_REF.search(ref)):
        raise Invalid(f"'{ref[:60]}' is no branch, tag or commit")
    if wanted.commit and not COMMIT.fullmatch(wanted.commit):
        raise Invalid("a commit is 40 or 64 hexadecimal digits")
    folder = None if wanted.folder is None else check_inner_path("the folder", wanted.folder)
    path = check_inner_path("the file", wanted.path)
    if not path:
        raise Invalid("name the file in the repository", "Such as reports/daily.ipynb.")
    return replace(wanted, repository=repository, ref=ref, folder=folder, path=path)


def check_home_file(wanted: HomeFile) -> HomeFile:
    """The same, tidied.

    Raises:
        Invalid: says what it must be.
    """
    path = check_inner_path("the file", _below_home(wanted.path))
    if not path:
        raise Invalid("name the file in your home", "Such as reports/daily.ipynb.")
    if wanted.folder is None:
        return HomeFile(path)
    folder = check_inner_path("the folder", _below_home(wanted.folder))
    if not folder:
        raise Invalid(
            "a whole home is not taken along", "Name the folder in it that the file needs, such as reports."
        )
    return HomeFile(path, folder)


def check_address(address: str) -> str:
    """Raise :class:`Invalid` unless it is an address of a repository over http or https, without a login."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    plain = address.isascii() and address.isprintable() and " " not in address and len(address) <= _LONGEST
    if not plain or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Invalid(
            "the repository must be an address such as https://git.example.org/team/reports.git, "
            "or the name of a connection"
        )
    if "@" in parts.netloc:
        raise Invalid(
            "the repository's address must not have a login in it",
            "An admin makes a connection of kind git for it: there it is sealed.",
        )
    return address


def check_inner_path(what: str, path: str) -> str:
    """A path below the root of a repository or home, without '.' at its start and a slash at its end.

    Raises:
        Invalid: it leads out, or is none.
    """
    parts = [part for part in path.strip().split("/") if part not in {"", "."}]
    if path.startswith("/") or ".." in parts or len(path) > _LONGEST_PATH or _UNREADABLE.search(path):
        raise Invalid(f"{what} '{path[:100]}' must be a path inside, without '..'")
    return "/".join(parts)


def place_json(place: Place | None) -> dict[str, Any] | None:
    """As it is kept and shown."""
    if place is None:
        return None
    if isinstance(place, HomeFile):
        return {"kind": "home", "path": place.path, "folder": place.folder}
    return {
        "kind": "git",
        **{name: getattr(place, name) for name in _KEPT},
    }


def place_of(kept: dict[str, Any] | None) -> Place | None:
    """What was kept."""
    if kept is None:
        return None
    values = {name: value for name, value in kept.items() if name != "kind"}
    return GitFile(**values) if kept["kind"] == "git" else HomeFile(**values)


def _below_home(path: str) -> str:
    for home in ("~/", "/home/nightdesk/"):
        if path.startswith(home):
            return path[len(home) :]
    return path
