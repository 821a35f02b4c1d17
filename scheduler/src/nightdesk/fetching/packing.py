"""Files into a gzip tar, with limits, for a run that finds them beside its file."""

from __future__ import annotations

import gzip
import tarfile

from nightdesk.fetching.refusing import Refused, human

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO, Any

MOST_FILES = 20_000
_LEVEL = 1


class Packer:
    """One archive. What is left out is told by name, the first ones at least."""

    def __init__(self, path: Path, most_bytes: int, without: str) -> None:
        """`without` is the file that is run: it is not taken along a second time."""
        self._most = most_bytes
        self._without = without
        self._total = 0
        self.files = 0
        self.left_out: list[str] = []
        self._packed: IO[bytes] = gzip.GzipFile(path, "wb", _LEVEL, mtime=0)  # type: ignore[assignment]
        self._tar = tarfile.open(fileobj=self._packed, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def takes(self, name: str, size: int) -> bool:
        """Whether a file of this name is to be put in; raises Refused where it is too much."""
        if name == self._without:
            return False
        self._total += size
        if self._total > self._most:
            raise Refused(
                "too_large",
                f"what comes along is larger than {human(self._most)}",
                "Name a smaller folder with --files.",
            )
        if self.files >= MOST_FILES:
            raise Refused(
                "too_large", f"more than {MOST_FILES} files come along", "Name a smaller folder with --files."
            )
        return True

    def put(self, name: str, content: IO[bytes], size: int, runs: bool) -> None:
        """One file; `runs` makes it a program."""
        entry: Any = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o755 if runs else 0o644
        self._tar.addfile(entry, content)
        self.files += 1

    def leave_out(self, name: str, why: str) -> None:
        """It is nothing that a run can get."""
        if len(self.left_out) < 20:
            self.left_out.append(f"{name}: {why}")

    def close(self) -> int:
        """How many files are in it, once it is whole."""
        self._tar.close()
        self._packed.close()
        return self.files
