"""Checking the files that are taken along, before anything of them is unpacked."""

from __future__ import annotations

import tarfile
import zlib
from typing import IO

from nightdesk.server.domain.errors import Invalid, TooLarge
from nightdesk.server.domain.outcome import human_bytes

_MAX_ENTRIES = 20_000
_MAX_RATIO = 200
_RATIO_FROM = 100 * 2**20  # below this a high ratio does no harm


def check_archive(archive: IO[bytes], packed_bytes: int, max_bytes: int) -> int:
    """Read a gzip tar from end to end; the number of its files.

    Raises:
        Invalid: not a gzip tar, or an entry that leaves the folder or is no plain file.
        TooLarge: more than ``max_bytes`` unpacked, too many entries, or a compression bomb.
    """
    files = entries = total = 0
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as tar:
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
                files += member.isreg()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise Invalid(f"the files taken along are no readable archive: {error}") from None
    return files


def _check_member(member: tarfile.TarInfo) -> None:
    name = member.name
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\x00" in name:
        raise Invalid(f"'{name[:200]}' among the files leaves the folder")
    if not (member.isreg() or member.isdir()):
        raise Invalid(
            f"'{name[:200]}' among the files is a link, pipe or device", "Take only plain files along."
        )
