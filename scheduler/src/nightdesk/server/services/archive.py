"""Checking the files that are taken along, before anything of them is unpacked."""

from __future__ import annotations

import gzip
import posixpath
import tarfile
import zlib
from typing import IO, Self, cast

from nightdesk.server.domain.errors import Invalid, TooLarge
from nightdesk.server.domain.names import on_one_line
from nightdesk.server.domain.outcome import human_bytes

_MAX_ENTRIES = 20_000
_MAX_RATIO = 200
_RATIO_FROM = 100 * 2**20  # below this a high ratio does no harm
_HEADERS = 2**20  # of one entry: names and their extensions, which tarfile reads into memory whole
_BLOCK = tarfile.BLOCKSIZE
_LONGEST = 1000  # bytes of a path inside the archive: the system allows 4096 with the folders above
_LONGEST_PART = 255  # bytes of one file's or folder's name, as file systems have it


def check_archive(archive: IO[bytes], packed_bytes: int, max_bytes: int, beside: str = "") -> int:
    """Read a gzip tar from end to end; the number of its files.

    Args:
        archive: the file as it came.
        packed_bytes: its length.
        max_bytes: what may be in it, unpacked.
        beside: the name of the file that the archive is laid out around.

    Raises:
        Invalid: not a gzip tar, or an entry that leaves the folder, cannot be unpacked or is no plain file.
        TooLarge: more than ``max_bytes`` unpacked, too many entries, or a compression bomb.
    """
    files = entries = total = 0
    places = _Places(beside)
    try:
        # GzipFile, as when it is unpacked: tarfile's own stream would stop at the first part of several
        with (
            gzip.GzipFile(fileobj=archive, mode="rb") as unpacked,
            tarfile.open(fileobj=(metered := _Metered(unpacked)).as_file(), mode="r|", tarinfo=_Entry) as tar,
        ):
            for member in tar:
                entries += 1
                total += max(member.size, 0)
                if entries > _MAX_ENTRIES:
                    raise TooLarge(f"more than {_MAX_ENTRIES} files were taken along", "Take fewer along.")
                if total > max_bytes:
                    raise TooLarge(
                        f"the files taken along are larger than {human_bytes(max_bytes)} unpacked",
                        "List what is not needed in a .nightdeskignore file.",
                    )
                if total > _RATIO_FROM and total > packed_bytes * _MAX_RATIO:
                    raise TooLarge("the files taken along unpack to far more than they should")
                _check_member(member)
                places.take(member)
                files += member.isreg()
                metered.allow(member.size)
            while metered.read(_BLOCK):  # to the checksum behind the last block: it may be cut off
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, RecursionError) as error:
        words = str(error) if not isinstance(error, RecursionError) else "its entries are nested too deeply"
        raise Invalid(f"the files taken along are no readable archive: {words}") from None
    return files


def _check_member(member: tarfile.TarInfo) -> None:
    name = member.name
    if member.size < 0:  # the format has room for it
        raise Invalid(f"'{on_one_line(name)}' among the files says that it is smaller than nothing")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\x00" in name:
        raise Invalid(f"'{on_one_line(name)}' among the files leaves the folder")
    if not (member.isreg() or member.isdir()):
        raise Invalid(
            f"'{on_one_line(name)}' among the files is a link, pipe or device", "Take only plain files along."
        )
    if member.isreg() and parts[-1] in {"", "."}:
        raise Invalid(f"'{on_one_line(name)}' among the files is both a file and a folder")
    longest = max(len(part.encode("utf-8", "surrogateescape")) for part in parts)
    if longest > _LONGEST_PART or len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        raise Invalid(
            f"'{on_one_line(name)}' among the files is too long a name",
            f"A name has at most {_LONGEST_PART} bytes, and {_LONGEST} with the folders that it is in.",
        )


class _Entry(tarfile.TarInfo):
    """An entry whose damaged header is an error; to tarfile it is the archive's end, and the rest is lost."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tar)
        except tarfile.HeaderError as error:
            if type(error).__name__ in {"InvalidHeaderError", "TruncatedHeaderError"}:
                raise tarfile.ReadError(f"an entry's header is damaged ({error})") from None
            raise


class _Places:
    """What stands where: no place is both a file and a folder."""

    def __init__(self, beside: str) -> None:
        self._files = {beside} if beside else set()
        self._folders = {"."}

    def take(self, member: tarfile.TarInfo) -> None:
        """Put an entry in its place."""
        place = posixpath.normpath(member.name)
        above = place
        while above := posixpath.dirname(above):
            self._folders.add(above)
            if above in self._files:
                break
        (self._files if member.isreg() else self._folders).add(place)
        taken = above or place
        if taken in self._files and taken in self._folders:
            raise Invalid(
                f"'{on_one_line(taken)}' among the files is both a file and a folder",
                "Give one of them another name.",
            )


class _Metered:
    """The unpacked bytes, of which there are no more than the entries so far account for."""

    def __init__(self, unpacked: IO[bytes] | gzip.GzipFile) -> None:
        self._unpacked = unpacked
        self._left = _HEADERS

    def allow(self, content: int) -> None:
        """The next entry's headers come after so many bytes of content."""
        self._left = _HEADERS + content + _BLOCK

    def as_file(self) -> IO[bytes]:
        """For tarfile, which only reads."""
        return cast("IO[bytes]", self)

    def read(self, size: int) -> bytes:
        """Some bytes."""
        piece = self._unpacked.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge("the archive of the files has more around its files than it should")
        return piece
