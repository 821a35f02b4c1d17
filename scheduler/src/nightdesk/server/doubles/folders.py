"""The port ``RunFolders`` in memory."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from nightdesk.server.domain.run import Output, Run
from nightdesk.server.ports.files import FolderUse, UnfinishedNotebook


@dataclass(slots=True)
class Folder:
    """One attempt's folder: files by name in ``work``, ``out`` and ``result``, and what the job says."""

    job: dict[str, Any]
    work: dict[str, bytes] = field(default_factory=dict)
    out: dict[str, bytes] = field(default_factory=dict)
    result: dict[str, bytes] = field(default_factory=dict)
    pipes: list[str] = field(default_factory=list)  # what is no plain file in ``out``
    token: str = field(default="", repr=False)
    along: list[Output] = field(default_factory=list)


class MemoryFolders:
    """``folders`` holds what is there, by run and attempt; tests put in what code would have left."""

    def __init__(self, max_files: int = 10_000) -> None:
        self.folders: dict[tuple[str, int], Folder] = {}
        self._max_files = max_files
        self._lock = threading.Lock()

    def prepare(
        self, run: Run, job: dict[str, Any], source: IO[bytes], files: IO[bytes] | None, token: str = ""
    ) -> None:
        """Lay the folder out; what code has left there stays."""
        work: dict[str, bytes] = {}
        if files is not None:
            with tarfile.open(fileobj=files, mode="r:gz") as archive:
                for member in archive:
                    content = archive.extractfile(member)
                    if content is not None:
                        work[member.name.removeprefix("./")] = content.read()
        along = [
            Output(name, len(work[name]), hashlib.sha256(work[name]).hexdigest()) for name in sorted(work)
        ]
        work[run.file] = source.read()
        with self._lock:
            folder = self.folders.setdefault((run.id, run.attempt), Folder(job))
            folder.along = along
            folder.job, folder.work, folder.token = job, {**folder.work, **work}, token

    def add_input(self, run: Run, name: str, source: IO[bytes]) -> str:
        """One more file in ``work``."""
        content = source.read()
        self.folders[run.id, run.attempt].work[name] = content
        return hashlib.sha256(content).hexdigest()

    def taken_along(self, run: Run) -> list[Output]:
        """What came out of the archive."""
        folder = self.folders.get((run.id, run.attempt))
        return [] if folder is None else folder.along

    def results(self, run: Run) -> Iterator[tuple[str, IO[bytes]]]:
        """The files of ``out`` by name."""
        folder = self.folders.get((run.id, run.attempt))
        if folder is None:
            return
        for name in sorted(folder.out)[: self._max_files]:
            yield name, io.BytesIO(folder.out[name])

    def notebook(self, run: Run) -> IO[bytes] | None:
        """What stands in ``result`` as the notebook."""
        folder = self.folders.get((run.id, run.attempt))
        content = folder.result.get("notebook.ipynb") if folder is not None else None
        return None if content is None else io.BytesIO(content)

    def notebook_so_far(self, run: Run) -> UnfinishedNotebook | None:
        """The same, as it is at this moment."""
        file = self.notebook(run)
        if file is None:
            return None
        content = file.read()
        file.seek(0)
        return UnfinishedNotebook(file, len(content), hashlib.sha256(content).hexdigest()[:16])

    def skipped(self, run: Run) -> list[str]:
        """What :meth:`results` left out, in words."""
        folder = self.folders.get((run.id, run.attempt))
        if folder is None:
            return []
        found = [f"{name}: a link, pipe, socket or device is not kept" for name in folder.pipes]
        if len(folder.out) > self._max_files:
            over = len(folder.out) - self._max_files
            found.append(f"{over:,} files over the limit of {self._max_files:,} for a run")
        return found

    def used(self, run: Run, enough: FolderUse) -> FolderUse:
        """What stands in the parts that code can write to."""
        folder = self.folders.get((run.id, run.attempt))
        parts = (folder.work, folder.out, folder.result) if folder is not None else ()
        taken = files = 0
        for content in (content for part in parts for content in part.values()):
            taken, files = taken + len(content), files + 1
            if taken > enough.bytes or files > enough.files:
                break
        return FolderUse(taken, files)

    def attempts(self) -> list[tuple[str, int]]:
        """Every folder there is."""
        return list(self.folders)

    def remove(self, run_id: str, attempt: int) -> None:
        """Forget the folder."""
        with self._lock:
            self.folders.pop((run_id, attempt), None)
