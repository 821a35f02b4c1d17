"""What the services need of files: the store that keeps inputs and outputs, and the run folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

from nightdesk.server.domain.run import Output, Run


@dataclass(frozen=True, slots=True)
class FolderUse:
    """What a run's folder takes: bytes on disk, and files and folders in it."""

    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class UnfinishedNotebook:
    """A notebook that is being executed, as it was saved last; whoever gets it closes the file."""

    file: IO[bytes]
    size: int
    version: str
    """Another one each time that it is saved."""


class UnfinishedNotebooks(Protocol):
    """What the api sees of the folders of runs."""

    def notebook_so_far(self, run: Run) -> UnfinishedNotebook | None:
        """The notebook of the run's attempt as the runner saved it last, opened without following any link.

        None where there is none.
        """


class FileStore(Protocol):
    """Where inputs and outputs are kept. Names are relative, with slashes."""

    def put(self, key: str, source: IO[bytes]) -> Output:
        """Store under a temporary name, checksum, then rename: whole or not at all.

        Raises:
            Unavailable: the store is full or out of reach.
        """

    def put_all(self, objects: Mapping[str, IO[bytes]]) -> list[Output]:
        """The same for several: each is whole or not at all, and the disk is waited for once.

        Raises:
            Unavailable: the store is full or out of reach.
        """

    def open(self, key: str) -> IO[bytes]:
        """Open for reading.

        Raises:
            NotFound: there is no such object.
        """

    def address(self, key: str) -> str | None:
        """Where what stands in front of the api gets the same bytes by itself: a file's or an http(s) URL, good for a minute.

        Nothing is asked of the store: the object may not be there. None: not of this store.

        Raises:
            NotFound: there can be no such object.
        """

    def exists(self, key: str) -> bool:
        """Whether the object is there.

        Raises:
            Unavailable: the store is out of reach.
        """

    def remove(self, key: str) -> None:
        """Remove an object or everything below it; nothing where it is gone already."""

    def tidy(self, older_seconds: float) -> int:
        """Remove what was begun so long ago and never became an object, its process having been killed; how many.

        Raises:
            Unavailable: the store is out of reach.
        """


class RunFolders(UnfinishedNotebooks, Protocol):
    """The folder that a run's container sees as ``/nightdesk``; but for the one above only workers have it."""

    def prepare(
        self, run: Run, job: dict[str, Any], source: IO[bytes], files: IO[bytes] | None, token: str = ""
    ) -> None:
        """Lay out ``in``, ``work``, ``out`` and ``result``; again and again gives the same.

        ``token`` is the run's own, in a file that its code alone reads; empty: it has none.
        """

    def add_input(self, run: Run, name: str, source: IO[bytes]) -> str:
        """Put one more file beside the run's own, to be read only; its SHA-256. After :meth:`prepare`."""

    def taken_along(self, run: Run) -> list[Output]:
        """The files that were unpacked beside the run's own, as they were then."""

    def results(self, run: Run) -> Iterator[tuple[str, IO[bytes]]]:
        """The files of ``out``, opened without following any link.

        What is no plain file is skipped; :meth:`skipped` tells which.
        """

    def notebook(self, run: Run) -> IO[bytes] | None:
        """The notebook as the runner left it, opened as carefully; None where there is none."""

    def skipped(self, run: Run) -> list[str]:
        """What :meth:`results` left out, in words."""

    def used(self, run: Run, enough: FolderUse) -> FolderUse:
        """What the attempt's folder takes now; counting stops once either number is past ``enough``."""

    def attempts(self) -> list[tuple[str, int]]:
        """Every folder there is, as run id and attempt."""

    def remove(self, run_id: str, attempt: int) -> None:
        """Remove an attempt's folder; nothing where it is gone already."""
