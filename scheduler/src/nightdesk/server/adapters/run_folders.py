"""The port ``RunFolders`` on a folder that workers and run containers share.

What stands in ``work``, ``out`` and ``result`` belongs to whoever's code ran there: links may
point anywhere, names may be anything, rights may be none. So every step goes through directory
handles and follows no link.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from nightdesk.server.adapters.folder_use import use_of
from nightdesk.server.adapters.runner_files import RunnerFiles
from nightdesk.server.domain.errors import Invalid, Unavailable
from nightdesk.server.domain.names import on_one_line
from nightdesk.server.domain.run import Output, Run
from nightdesk.server.ports.files import FolderUse, UnfinishedNotebook

_OWNER = 1000  # the person in every environment image
_LONGEST = 1000  # bytes of an output's name, folders included: stores take 1024
_TOLD = 100  # of what is left out, so many by name
_PIECE = 2**18
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SharedNotebooks:
    """What runners have saved below the root of the run folders."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def notebook_so_far(self, run: Run) -> UnfinishedNotebook | None:
        file = self.notebook(run)
        if file is None:
            return None
        state = os.fstat(file.fileno())
        return UnfinishedNotebook(
            file, state.st_size, f"{state.st_ino:x}-{state.st_mtime_ns:x}-{state.st_size:x}"
        )

    def notebook(self, run: Run) -> IO[bytes] | None:
        try:
            result = _open_directory(self._folder(run) / "result")
        except FileNotFoundError:  # the code never started, or all is over
            return None
        try:
            file = _open_at(result, "notebook.ipynb") if _is_plain(result, "notebook.ipynb") else None
        except FileNotFoundError:
            return None
        finally:
            os.close(result)
        # Between the two it may have become something else.
        if file is not None and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            return None
        return file

    def _folder(self, run: Run) -> Path:
        return self._root / run.id / str(run.attempt)


class SharedRunFolders(SharedNotebooks):
    """Folders ``RUN/ATTEMPT`` below one root."""

    def __init__(self, root: Path, max_files: int) -> None:
        super().__init__(root)
        self._max_files = max_files
        self._runner = RunnerFiles(root)

    def prepare(
        self, run: Run, job: dict[str, Any], source: IO[bytes], files: IO[bytes] | None, token: str = ""
    ) -> None:
        try:
            self._prepare(run, job, source, files)
            if token:
                _write_token(self._folder(run) / "in" / "token", token)
        except OSError as error:
            raise _refused(error) from error

    def _prepare(self, run: Run, job: dict[str, Any], source: IO[bytes], files: IO[bytes] | None) -> None:
        folder = self._folder(run)
        folder.mkdir(parents=True, exist_ok=True)
        for name, mode in (("in", 0o755), ("work", 0o755), ("out", 0o755), ("result", 0o755)):
            part = folder / name
            part.mkdir(exist_ok=True)
            part.chmod(mode)
        if files is not None:
            _unpack(files, folder / "work")
            # Of the platform's own part, where code can change nothing: it is for the manifest.
            (folder / "in" / "files.json").write_text(
                json.dumps(_sums(folder / "work", {run.file, *(source.name for source in run.sources)}))
            )
        target = folder / "work" / run.file
        target.unlink(missing_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        self._runner.put_into(folder / "in" / "runner")
        (folder / "in" / "job.json").write_text(json.dumps(job))
        _give(folder / "work")
        for name in ("out", "result"):
            os.chown(folder / name, _OWNER, _OWNER)

    def add_input(self, run: Run, name: str, source: IO[bytes]) -> str:
        target = self._folder(run) / "work" / name
        digest = hashlib.sha256()
        try:
            if target.is_dir() and not target.is_symlink():
                raise Invalid(f"its input {name} would stand in the place of a folder that was taken along")
            target.unlink(missing_ok=True)
            # Root's, whom the run is not: it may put another file in its place, and change none.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(target, flags, 0o444), "wb") as file:
                while piece := source.read(_PIECE):
                    digest.update(piece)
                    file.write(piece)
                os.fchmod(file.fileno(), 0o444)
        except OSError as error:
            raise _refused(error) from error
        return digest.hexdigest()

    def taken_along(self, run: Run) -> list[Output]:
        try:
            listed = json.loads((self._folder(run) / "in" / "files.json").read_text())
        except FileNotFoundError:
            return []
        return [Output(*each) for each in listed]

    def results(self, run: Run) -> Iterator[tuple[str, IO[bytes]]]:
        folder = self._folder(run)
        for count, (name, directory) in enumerate(_plain_files(folder / "out", [])):
            if count >= self._max_files:
                return
            yield name, _open_at(directory, name.rsplit("/", 1)[-1])

    def skipped(self, run: Run) -> list[str]:
        found: list[str] = []
        count = sum(1 for _ in _plain_files(self._folder(run) / "out", found))
        if len(found) > _TOLD:
            found[_TOLD:] = [f"{len(found) - _TOLD:,} more of their kind"]
        if count > self._max_files:
            found.append(f"{count - self._max_files:,} files over the limit of {self._max_files:,} for a run")
        return found

    def used(self, run: Run, enough: FolderUse) -> FolderUse:
        return use_of(self._folder(run), enough)

    def attempts(self) -> list[tuple[str, int]]:
        found = [(path.parent.name, path.name) for path in self._root.glob("*/*")]
        return [(run_id, int(attempt)) for run_id, attempt in found if attempt.isdigit()]

    def remove(self, run_id: str, attempt: int) -> None:
        # Not shutil.rmtree: it needs a handle for each level, and code can make a tree as deep as it likes.
        folder = self._root / run_id / str(attempt)
        subprocess.run(["rm", "-rf", "--one-file-system", "--", folder], check=False, capture_output=True)
        try:
            (self._root / run_id).rmdir()
        except OSError:
            return  # another attempt's folder is still there, or it is gone already


def _write_token(path: Path, token: str) -> None:
    """For the run's code to read, and nobody else."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o400)
    with os.fdopen(handle, "w") as file:
        file.write(token)
        os.fchown(file.fileno(), _OWNER, _OWNER)


def _sums(top: Path, others: set[str]) -> list[tuple[str, int, str]]:
    """Name, bytes and SHA-256 of each plain file."""
    found = []
    for name, directory in _plain_files(top, []):
        if name in others:  # laid out before a worker died
            continue
        with _open_at(directory, name.rsplit("/", 1)[-1]) as file:
            digest = hashlib.file_digest(cast("Any", file), "sha256").hexdigest()
            found.append((name, os.fstat(file.fileno()).st_size, digest))
    return found


def _refused(error: OSError) -> Unavailable | Invalid:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Unavailable("the disk of the run folders is full", "Make room; the run starts then.")
    return Invalid(f"its files cannot be laid out: {error.strerror}")


def _give(folder: Path) -> None:
    for path, directories, files in os.walk(folder):
        os.chown(path, _OWNER, _OWNER)
        for name in files:
            os.chown(Path(path) / name, _OWNER, _OWNER, follow_symlinks=False)
        for name in directories:
            os.chown(Path(path) / name, _OWNER, _OWNER, follow_symlinks=False)


def _unpack(files: IO[bytes], folder: Path) -> None:
    """The archive was checked when it was submitted; the filter is the second lock on the same door."""
    try:
        with tarfile.open(fileobj=files, mode="r:gz") as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise Invalid(f"the files taken along cannot be unpacked: {error}") from error


def _open_directory(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _is_plain(directory: int, name: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _is_link(directory: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _open_at(directory: int, name: str) -> IO[bytes]:
    return os.fdopen(os.open(name, _READ, dir_fd=directory), "rb")


def _plain_files(top: Path, skipped: list[str]) -> Iterator[tuple[str, int]]:
    """Every plain file below ``top`` as its name and a handle of its directory; the rest goes to ``skipped``."""
    if not top.is_dir():  # the code never started
        return
    for path, directories, files, handle in os.fwalk(top, follow_symlinks=False):
        prefix = os.path.relpath(path, top)
        for name in sorted(directories):
            full = _joined(prefix, name)
            if _is_link(handle, name):
                skipped.append(f"{on_one_line(full)}: a link is not kept")
            elif len(os.fsencode(full)) > _LONGEST:
                skipped.append(f"{on_one_line(full)}: what is this deep is not kept")
                directories.remove(name)
        directories.sort()
        for name in sorted(files):
            full = _joined(prefix, name)
            if not _is_utf8(full):
                skipped.append(f"{on_one_line(full)}: a name that is no UTF-8 is not kept")
            elif len(os.fsencode(full)) > _LONGEST:
                skipped.append(f"{on_one_line(full)}: a name this long is not kept")
            elif _is_plain(handle, name):
                yield full, handle
            else:
                skipped.append(f"{on_one_line(full)}: a link, pipe, socket or device is not kept")


def _joined(prefix: str, name: str) -> str:
    return name if prefix == "." else f"{prefix}/{name}"


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
