"""The port ``Fetcher`` in memory: repositories and homes are dictionaries."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nightdesk.server.domain.errors import EngineError, NightdeskError, NotFound, TooLarge
from nightdesk.server.domain.repository import GitFile, HomeFile
from nightdesk.server.ports.fetching import Fetched, Login, Most


@dataclass
class MemoryRepository:
    """Commits by branch, tag and name; ``login`` is who may read, None: anybody."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    login: Login | None = None

    def commit(self, number: int, files: Mapping[str, bytes], ref: str = "main") -> str:
        """A commit with these files, to which the branch leads from now on."""
        name = f"{number:040x}"
        self.commits[name] = dict(files)
        self.refs[ref] = name
        return name


class MemoryFetcher:
    """``repositories`` by address, ``homes`` by person; ``error`` is raised by whatever is asked."""

    def __init__(self) -> None:
        self.repositories: dict[str, MemoryRepository] = {}
        self.homes: dict[str, dict[str, bytes]] = {}
        self.told: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.error: NightdeskError | None = None
        self.before: Callable[[], None] = lambda: None

    def from_git(self, wanted: GitFile, login: Login | None, most: Most) -> Fetched:
        """Out of a repository."""
        self._asked()
        there = self.repositories.get(wanted.address)
        if there is None or (there.login is not None and there.login != login):
            raise NotFound("there is no such repository, or it is private")
        ref = wanted.commit or wanted.ref or "main"
        commit = there.refs.get(ref, ref)
        if commit not in there.commits:
            raise NotFound(f"the repository has no branch or tag '{ref}'")
        return _taken(there.commits[commit], wanted.path, wanted.along, most, commit)

    def from_home(self, person: str, wanted: HomeFile, most: Most) -> Fetched:
        """Out of a home."""
        self._asked()
        if person not in self.homes:
            raise NotFound(f"{person} has no home yet")
        return _taken(self.homes[person], wanted.path, wanted.folder, most, "")

    def tell(self, url: str, headers: Mapping[str, str], document: Mapping[str, Any]) -> None:
        """Keep it."""
        self._asked()
        self.told.append((url, dict(headers), dict(document)))

    def _asked(self) -> None:
        self.before()
        if self.error is not None:
            raise self.error

    def engine_away(self) -> None:
        """Nothing can be fetched."""
        self.error = EngineError("the container engine does not answer")


def _taken(files: Mapping[str, bytes], path: str, along: str | None, most: Most, commit: str) -> Fetched:
    if path not in files:
        raise NotFound(f"there is no file '{path}'")
    if len(files[path]) > most.source:
        raise TooLarge("the file is too large")
    inside = f"{along}/" if along else ""
    beside = {
        name.removeprefix(inside): content
        for name, content in files.items()
        if along is not None and name.startswith(inside) and name != path
    }
    if not beside:
        return Fetched(files[path], commit=commit)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in beside.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    size = packed.tell()
    packed.seek(0)
    return Fetched(files[path], packed, size, commit)
