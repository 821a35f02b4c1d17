"""Folders of runs for the contract suites, real and in memory, and a hand that leaves things in them as code does."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from nightdesk import runner as runner_package
from nightdesk.server.adapters.run_folders import SharedRunFolders
from nightdesk.server.domain.run import Run
from nightdesk.server.doubles.folders import MemoryFolders
from nightdesk.server.ports.files import FolderUse, RunFolders

from .runs import a_run

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="gives folders to the user that runs execute as: needs root"
)
SOURCE = runner_package.SOURCE
RUN = a_run()
PLENTY = FolderUse(2**40, 10**9)
Leave = Callable[[str, bytes], None]


class OnDisk:
    """The real folders, and a hand that puts things into them as code does."""

    def __init__(self, root: Path) -> None:
        self.folders = SharedRunFolders(root, max_files=10)
        self.root = root

    def leave(self, place: str, name: str, content: bytes, run: Run = RUN) -> None:
        """Put a file into ``out`` or ``result``."""
        path = self.root / run.id / str(run.attempt) / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def work(self, run: Run = RUN) -> dict[str, bytes]:
        """What is in ``work``."""
        top = self.root / run.id / str(run.attempt) / "work"
        return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


class InMemory:
    """The double, and the same hand."""

    def __init__(self) -> None:
        self.folders = MemoryFolders(max_files=10)

    def leave(self, place: str, name: str, content: bytes, run: Run = RUN) -> None:
        """Put a file into ``out`` or ``result``."""
        getattr(self.folders.folders[run.id, run.attempt], place)[name] = content

    def work(self, run: Run = RUN) -> dict[str, bytes]:
        """What is in ``work``."""
        return self.folders.folders[run.id, run.attempt].work


def archive(**files: bytes) -> io.BytesIO:
    """Files taken along."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    buffer.seek(0)
    return buffer


def prepare(
    folders: RunFolders, run: Run = RUN, files: io.BytesIO | None = None, source: bytes = b"{}"
) -> None:
    """Lay out a folder."""
    folders.prepare(run, {"contract": 1, "run": run.id}, io.BytesIO(source), files)


def results(folders: RunFolders, run: Run = RUN) -> dict[str, bytes]:
    """What the code left."""
    found = {}
    for name, file in folders.results(run):
        with file:
            found[name] = file.read()
    return found


def notebook(folders: RunFolders, run: Run = RUN) -> bytes | None:
    """The notebook as the runner left it."""
    file = folders.notebook(run)
    if file is None:
        return None
    with file:
        return file.read()
