"""Files that are exported: their checksum line, what differs from the last export, and writing them.

The second line of an exported file holds the checksum of all the rest. A file whose rest has another one was changed by hand.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nightdesk.client.errors import LocalProblem

_MARK = "# nightdesk-export sha256:"
_LINE = re.compile(rf"^{re.escape(_MARK)}([0-9a-f]{{64}})\n", re.MULTILINE)


@dataclass(frozen=True)
class Exported:
    """A file as it is to be. With `once` it is made where it is missing, and left alone from then on."""

    path: Path
    text: str
    once: bool = False


def signed(notebook: str, text: str) -> str:
    """The text below two lines that say where it comes from, and what it was."""
    head = f"# Exported from {notebook} by `nightdesk export`: change the notebook, and export it again.\n"
    return f"{head}{_MARK}{_checksum(head + text)}\n{text}"


def compare(files: Iterable[Exported]) -> dict[Path, str]:
    """For each file that is not as it is to be: the difference, as `diff -u` writes it."""
    found: dict[Path, str] = {}
    for file in files:
        before = _text(file.path)
        if before == file.text or (file.once and before is not None):
            continue
        lines = [] if before is None else before.splitlines(keepends=True)
        name = "/dev/null" if before is None else f"{file.path} (as it is)"
        difference = difflib.unified_diff(
            lines, file.text.splitlines(keepends=True), name, f"{file.path} (from the notebook)"
        )
        found[file.path] = "".join(each if each.endswith("\n") else each + "\n" for each in difference)
    return found


def write(files: Iterable[Exported], *, force: bool = False) -> list[Path]:
    """Write what is not as it is to be; the paths that were written.

    Raises:
        LocalProblem: a file was changed by hand, or is none of ours; nothing is written then, unless with `force`.
    """
    wanted = list(files)
    different = compare(wanted)
    changed = [file for file in wanted if file.path in different]
    for file in changed:
        before = _text(file.path)
        if before is not None and not force and (why := _not_ours(before)):
            raise LocalProblem(
                f"{file.path} {why}, and is left as it is; nothing was written",
                "See what is different with --diff, and bring it into the notebook; or replace the file with --force.",
            )
    for file in changed:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        beside = file.path.with_name(f".{file.path.name}.{os.getpid()}")
        beside.write_text(file.text, "utf-8", newline="\n")
        beside.replace(file.path)
    return [file.path for file in changed]


def _not_ours(text: str) -> str:
    found = _LINE.search(text)
    if found is None:
        return "was not exported from a notebook"
    rest = text[: found.start()] + text[found.end() :]
    return "" if found[1] == _checksum(rest) else "was changed by hand since it was exported"


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(path: Path) -> str | None:
    """None where there is no such file. Other line endings are a change by hand, and no reason to fail."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise LocalProblem(f"{path} is a folder", "Say where to with --to.") from None
