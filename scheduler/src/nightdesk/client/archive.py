"""A folder to take along, packed the same way each time, into a temporary file."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import tempfile
from pathlib import Path

from nightdesk.client.errors import LocalProblem, WrongUsage
from nightdesk.client.ignore import IGNORE_FILE, Rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

_TIME = (
    315532800  # 1980-01-01: the same content makes the same archive, and zip files can still be made from it
)


class Archive:
    """A packed folder: an open temporary file, which is gone once it is closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.files = 0
        self.bytes = 0  # before compression
        self.skipped: list[str] = []  # what no archive can carry, with the reason

    @property
    def size(self) -> int:
        """Bytes after compression."""
        return os.fstat(self.file.fileno()).st_size

    def close(self) -> None:
        self.file.close()


def pack(folder: str, *, without: str | None = None, rules: Rules | None = None) -> Archive:
    """Everything in `folder` but what is ignored, as a gzip-compressed tar of plain files and folders.

    Links within the folder are packed as what they point to. `without` is a file that travels by itself;
    `rules` count instead of the folder's own.
    Raises WrongUsage where `folder` is no folder, LocalProblem for a link that leaves it and for a file
    that cannot be read.
    """
    _check_folder(folder)
    file = tempfile.TemporaryFile(prefix="nightdesk-")  # noqa: SIM115  (the archive is sent after this returns)
    archive = Archive(file)
    try:
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            _Packer(Path(folder), without, archive, tar, rules).folder("", [])
        file.flush()  # its size counts, and is asked of the system
    except OSError as error:
        archive.close()
        where = f" ({error.filename})" if error.filename else ""
        raise LocalProblem(
            f"the folder {folder!r} cannot be packed: {error.strerror or error}{where}",
            f"Leave out what the run does not need by a line in {Path(folder, IGNORE_FILE)}.",
        ) from error
    except BaseException:
        archive.close()
        raise
    return archive


class Survey:
    """What an archive of a folder would hold."""

    def __init__(self, *, whole: bool, archive: Archive) -> None:
        self.whole = whole  # False: there is more than was looked at
        self.files = archive.files
        self.bytes = archive.bytes
        self.skipped = archive.skipped


def survey(folder: str, *, without: str | None = None, rules: Rules | None = None, most: int) -> Survey:
    """As `pack`, counting only, and no more than `most` files and folders. Raises the same."""
    _check_folder(folder)
    counted = Archive(io.BytesIO())
    try:
        _Packer(Path(folder), without, counted, _Counting(most), rules).folder("", [])
    except _Enough:
        return Survey(whole=False, archive=counted)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise LocalProblem(
            f"the folder {folder!r} cannot be looked through: {error.strerror or error}{where}"
        ) from error
    return Survey(whole=True, archive=counted)


class _Enough(Exception):
    """More than anybody wants counted."""


class _Counting:
    """Takes entries as an archive does, and keeps none."""

    def __init__(self, most: int) -> None:
        self._left = most

    def addfile(self, _entry: tarfile.TarInfo, _file: IO[bytes] | None = None) -> None:
        self._left -= 1
        if self._left < 0:
            raise _Enough


def _check_folder(folder: str) -> None:
    if not Path(folder).is_dir():
        raise WrongUsage(
            f"{folder!r} is not a folder" if os.path.lexists(folder) else f"there is no folder {folder!r}",
            "--files takes the folder that the run needs beside its notebook.",
        )


def pack_one(name: str, content: bytes) -> Archive:
    """An archive of one file that is in memory."""
    file = tempfile.TemporaryFile(prefix="nightdesk-")  # noqa: SIM115  (the archive is sent after this returns)
    archive = Archive(file)
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        entry = _entry(name, tarfile.REGTYPE, 0o644)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    file.flush()
    archive.files, archive.bytes = 1, len(content)
    return archive


class _Packer:
    """One walk through one folder."""

    def __init__(
        self,
        root: Path,
        without: str | None,
        archive: Archive,
        tar: tarfile.TarFile | _Counting,
        rules: Rules | None = None,
    ) -> None:
        self._root = root
        self._real = root.resolve()
        self._rules = rules or Rules.of_folder(root)
        self._without = without
        self._archive = archive
        self._tar = tar

    def folder(self, prefix: str, above: list[Path]) -> None:
        """Pack what is in one folder; `above` are the real places of the folders that it is in."""
        here = Path(self._root, prefix)
        real = here.resolve()
        if real in above:
            self._archive.skipped.append(
                f"{prefix.rstrip('/')!r}: a link that leads back to a folder it is in"
            )
            return
        if prefix:
            self._tar.addfile(_entry(prefix.rstrip("/"), tarfile.DIRTYPE, 0o755))
        with os.scandir(here) as entries:
            found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        for entry in found:
            self._one(prefix + entry.name, Path(entry), [*above, real])

    def _one(self, name: str, path: Path, above: list[Path]) -> None:
        if self._rules.ignore(name, is_folder=path.is_dir() and not path.is_symlink()):
            return
        if not _is_text(name):
            self._archive.skipped.append(f"{os.fsencode(name)!r}: its name is not UTF-8 text")
            return
        if path.is_symlink() and not self._stays(name, path):
            return
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            self.folder(name + "/", above)
        elif not stat.S_ISREG(mode):
            self._archive.skipped.append(f"{name!r}: {_kind(mode)}")
        elif not self._travels_by_itself(name, path):
            self._file(name, path)

    def _file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            now = os.fstat(file.fileno())
            info = _entry(name, tarfile.REGTYPE, 0o755 if now.st_mode & 0o100 else 0o644)
            info.size = now.st_size
            self._tar.addfile(info, file)
        self._archive.files += 1
        self._archive.bytes += info.size

    def _stays(self, name: str, path: Path) -> bool:
        """Whether a link leads anywhere. Raises LocalProblem when that is outside the folder."""
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: a circle of links, before Python 3.13
            self._archive.skipped.append(f"{name!r}: a link that leads nowhere")
            return False
        if not target.is_relative_to(self._real):
            raise LocalProblem(
                f"the link {name!r} leads out of the folder, to {str(target)!r}",
                f"Copy what it points to into the folder, or leave the link out by a line in {IGNORE_FILE}.",
            )
        return True

    def _travels_by_itself(self, name: str, path: Path) -> bool:
        if self._without is None or name != Path(self._without).name:
            return False
        return path.samefile(self._without)


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = mode
    info.mtime = _TIME
    return info


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
