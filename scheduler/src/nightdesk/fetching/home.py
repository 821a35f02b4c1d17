"""One file of a home with its folder, as they are now. No link is followed."""

from __future__ import annotations

import os
import stat

from nightdesk.fetching.git import check_size
from nightdesk.fetching.packing import Packer
from nightdesk.fetching.refusing import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
# What a folder of work holds that no run needs; the client leaves the same out.
LEFT_OUT = {".git", ".venv", "node_modules", "__pycache__", ".ipynb_checkpoints"}


def fetch(wanted: dict[str, Any], root: Path, into: Path) -> dict[str, Any]:
    """The file as `source`, and the folder as `files.tar.gz` where one is wanted."""
    path, along = wanted["path"], wanted.get("along")
    file = _opened(root, path)
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise Refused("invalid", f"'{path}' in the home is no plain file")
        check_size(about.st_size, wanted["most_source"])
        with open(file, "rb", closefd=False) as opened:
            (into / "source").write_bytes(opened.read(wanted["most_source"] + 1))
    finally:
        os.close(file)
    if along is None:
        return {"ok": True, "commit": "", "files": 0, "left_out": []}
    packer = Packer(into / "files.tar.gz", wanted["most_files"], path.rpartition("/")[2])
    folder = _opened(root, along)
    try:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            raise Refused("invalid", f"'{along}' in the home is no folder")
        _take(folder, "", packer)
    finally:
        os.close(folder)
    return {"ok": True, "commit": "", "files": packer.close(), "left_out": packer.left_out}


def _opened(root: Path, path: str) -> int:
    """Step by step, so that no part of the way is a link."""
    here = os.open(root, _FLAGS | os.O_DIRECTORY)
    try:
        for part in path.split("/"):
            there = os.open(part, _FLAGS, dir_fd=here)
            os.close(here)
            here = there
    except OSError as error:
        os.close(here)
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise Refused("not_found", f"there is no '{path}' in the home") from None
        why = "a link leads there" if error.errno == 40 else str(error.strerror).lower()
        raise Refused("invalid", f"'{path}' in the home cannot be read: {why}") from None
    return here


def _take(folder: int, inside: str, packer: Packer) -> None:
    for name in sorted(os.listdir(folder)):
        if name in LEFT_OUT:
            continue
        path = f"{inside}{name}"
        try:
            about = os.lstat(name, dir_fd=folder)
            plain, deeper = stat.S_ISREG(about.st_mode), stat.S_ISDIR(about.st_mode)
            if not (plain or deeper):
                packer.leave_out(path, "no plain file")
                continue
            opened = os.open(name, _FLAGS, dir_fd=folder)
        except OSError as error:
            packer.leave_out(path, str(error.strerror).lower())
            continue
        try:
            if deeper:
                _take(opened, f"{path}/", packer)
            else:
                _put(opened, path, packer)
        finally:
            os.close(opened)


def _put(opened: int, path: str, packer: Packer) -> None:
    about = os.fstat(opened)
    if stat.S_ISREG(about.st_mode) and packer.takes(path, about.st_size):
        with open(opened, "rb", closefd=False) as file:
            packer.put(path, file, about.st_size, bool(about.st_mode & 0o100))
