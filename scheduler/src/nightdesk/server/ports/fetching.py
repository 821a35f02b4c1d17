"""What the services need to get at code elsewhere, and to tell a repository's host how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

from nightdesk.server.domain.repository import GitFile, HomeFile


@dataclass(frozen=True, slots=True)
class Login:
    """Who signs in, of http's basic authentication."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Most:
    """How many bytes may come: of the file, and of all that comes along."""

    source: int
    files: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: the file, the rest as a gzip tar (None: nothing), the commit of a repository, and what was left out."""

    source: bytes
    files: IO[bytes] | None = None
    files_bytes: int = 0
    commit: str = ""
    left_out: tuple[str, ...] = ()


class Fetcher(Protocol):
    """Works in containers without rights. Raises ``Refused`` for what the asker can change, ``EngineError``."""

    def from_git(self, wanted: GitFile, login: Login | None, most: Most) -> Fetched:
        """The file and its folder as they are in one commit."""

    def from_home(self, person: str, wanted: HomeFile, most: Most) -> Fetched:
        """The file and its folder as they are in somebody's home now."""

    def tell(self, url: str, headers: Mapping[str, str], document: Mapping[str, Any]) -> None:
        """Post a document to an address that people named.

        Raises:
            Invalid: the other side does not want it.
            Unavailable: it does not answer, or is in trouble.
        """
