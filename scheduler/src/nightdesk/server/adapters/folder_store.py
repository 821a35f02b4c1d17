"""The port ``FileStore`` over a folder: what was stored is on the disk, not only on its way there."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from typing import IO
from urllib.parse import quote

from nightdesk.server.adapters.bucket import Bucket
from nightdesk.server.adapters.file_store import FsspecStore


class FolderStore(FsspecStore):
    """Objects below one folder of this machine; they survive a power cut once :meth:`put` has returned."""

    def address(self, key: str) -> str | None:
        return f"file://{quote(self._path(key))}"

    def _reading(self, path: str) -> IO[bytes]:
        return open(path, "rb")  # noqa: PTH123 - whoever asked for it closes it

    def _writing(self, path: str) -> IO[bytes]:
        try:
            return open(path, "xb")  # noqa: PTH123
        except FileNotFoundError:
            _make(os.path.dirname(path))  # noqa: PTH120
            return open(path, "xb")  # noqa: PTH123

    def _settle(self, file: IO[bytes]) -> None:
        file.flush()
        os.fsync(file.fileno())

    def _place(self, temporary: str, path: str) -> None:
        folder = os.path.dirname(path)  # noqa: PTH120
        try:
            os.replace(temporary, path)  # noqa: PTH105
        except FileNotFoundError:
            _make(folder)
            os.replace(temporary, path)  # noqa: PTH105

    def tidy(self, older_seconds: float) -> int:
        before = time.time() - older_seconds
        count = 0
        with contextlib.suppress(FileNotFoundError), os.scandir(f"{self._root}/.incoming") as left:
            for entry in left:
                with contextlib.suppress(FileNotFoundError):  # somebody is done with it just now
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        os.unlink(entry.path)  # noqa: PTH108
                        count += 1
        return count

    def _settle_names(self, folders: Iterable[str]) -> None:
        for folder in folders:
            _settle_names(folder)


def _make(folder: str) -> None:
    """The folder and those above it, as far as they are missing."""
    above = os.path.dirname(folder)  # noqa: PTH120
    try:
        os.mkdir(folder)  # noqa: PTH102
    except FileExistsError:
        return
    except FileNotFoundError:
        _make(above)
        _make(folder)
        return
    _settle_names(above)


def _settle_names(folder: str) -> None:
    """A file's name is on the disk when its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def store_at(url: str, bucket: Bucket | None = None) -> FsspecStore:
    """The store at an address: a folder (``file:///store``), a bucket, or whatever else fsspec knows."""
    if bucket is not None:
        # Here: it costs memory where there is none.
        from nightdesk.server.adapters.object_store import BucketStore

        return BucketStore(bucket)
    return (FolderStore if url.startswith("file:") else FsspecStore)(url)


def import_object_store() -> None:
    """Have what a bucket needs in memory already, and nothing opened."""
    from nightdesk.server.adapters import object_store  # noqa: F401
