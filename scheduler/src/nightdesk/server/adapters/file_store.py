"""The port ``FileStore`` over fsspec, for any address that it knows; ``folder_store`` has the default."""

from __future__ import annotations

import contextlib
import errno
import posixpath
import secrets
from collections.abc import Iterable, Mapping
from typing import IO, cast

from fsspec.core import url_to_fs
from fsspec.spec import AbstractFileSystem

from nightdesk.checksum import Checksum
from nightdesk.server.domain.errors import NotFound, Unavailable
from nightdesk.server.domain.run import Output

_CHUNK = 1 << 18  # larger ones are slower: their memory is mapped anew each time


class FsspecStore:
    """Objects below one address; an object is there whole or not at all."""

    def __init__(self, url: str, system: AbstractFileSystem | None = None) -> None:
        self._fs, self._root = url_to_fs(url) if system is None else (system, system._strip_protocol(url))

    def put(self, key: str, source: IO[bytes]) -> Output:
        return self.put_all({key: source})[0]

    def put_all(self, objects: Mapping[str, IO[bytes]]) -> list[Output]:
        written: dict[str, str] = {}
        stored = []
        try:
            try:
                for key, source in objects.items():
                    path = self._path(key)
                    # Beside all objects: where a store has no rename of its own, fsspec reads the source as a pattern.
                    temporary = posixpath.join(self._root, ".incoming", f"{secrets.token_hex(8)}.part")
                    written[temporary] = path
                    size, digest = self._write(temporary, source)
                    stored.append(Output(posixpath.basename(key), size, digest))
                for temporary, path in written.items():
                    self._place(temporary, path)
                self._settle_names({posixpath.dirname(path) for path in written.values()})
            except BaseException:
                for temporary in written:
                    with contextlib.suppress(OSError):
                        self._fs.rm_file(temporary)
                raise
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            raise Unavailable(
                "storage full"
                if full
                else f"the output store does not take the file: {error.strerror or error}",
                "Make room in the store; the run finishes by itself then." if full else "Look at the store.",
            ) from error
        return stored

    def _write(self, path: str, source: IO[bytes]) -> tuple[int, str]:
        """Bytes and checksum of what was written."""
        with Checksum() as digest, self._writing(path) as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
            self._settle(target)
            return digest.size, digest.hexdigest()

    def open(self, key: str) -> IO[bytes]:
        try:
            return self._reading(self._path(key))
        except FileNotFoundError:
            raise NotFound("there is no such file") from None
        except OSError as error:
            raise Unavailable(f"the output store does not answer: {error.strerror or error}") from error

    def address(self, key: str) -> str | None:
        del key  # what fsspec reads has no address that others know
        return None

    def exists(self, key: str) -> bool:
        return bool(self._fs.exists(self._path(key)))

    def remove(self, key: str) -> None:
        path = self._path(key)
        try:
            if self._fs.isfile(path):
                self._fs.rm_file(path)
            else:
                self._fs.rm(path, recursive=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unavailable(f"the output store removes nothing: {error.strerror or error}") from error

    def tidy(self, older_seconds: float) -> int:
        del older_seconds  # what fsspec puts under a temporary name is removed where it breaks
        return 0

    def _reading(self, path: str) -> IO[bytes]:
        return cast("IO[bytes]", self._fs.open(path, "rb"))

    def _writing(self, path: str) -> IO[bytes]:
        return cast("IO[bytes]", self._fs.open(path, "wb"))

    def _settle(self, file: IO[bytes]) -> None:
        """What was written is where it stays when this returns: an object store keeps it with closing."""

    def _place(self, temporary: str, path: str) -> None:
        self._fs.mv(temporary, path)

    def _settle_names(self, folders: Iterable[str]) -> None:
        """What was placed in these folders stays there when this returns."""

    def _path(self, key: str) -> str:
        parts = key.split("/")
        if any(part in {"", ".", ".."} or "\x00" in part for part in parts):
            raise NotFound("there is no such file")
        return posixpath.join(self._root, *parts)
