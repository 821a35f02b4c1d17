"""How much of what code displays is kept: tables, pictures, HTML, anything that is not plain printed text."""

from __future__ import annotations

from .limits import size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LEAST = 1000
"""Bytes that the smallest output counts for: a page of a hundred thousand empty ones is no page."""
DEEPEST = 100
MESSAGE_CHARACTERS = 100_000
TRACEBACK_CHARACTERS = 500_000
CUT = "[nightdesk: cut after {:,} characters]"


class Space:
    """Bytes that the outputs of a cell, or of all of them, may take together."""

    __slots__ = ("left", "scope", "size")

    def __init__(self, size: int, scope: str) -> None:
        self.size = self.left = size
        self.scope = scope


class Room:
    """Takes outputs in while every space has room for them, and says what it left out."""

    def __init__(self, *spaces: Space) -> None:
        self._spaces = spaces
        self._full: Space | None = None
        self._count = self._bytes = 0

    def take(self, weight: int, instead_of: int = 0) -> bool:
        """Whether there is room for so many bytes, in the place of others; they are taken then."""
        more = weight - instead_of
        full = next((space for space in self._spaces if more > space.left), None)
        if full:
            self._full = full
            self._count += 1
            self._bytes += weight
            return False
        for space in self._spaces:
            space.left -= more
        return True

    def give_back(self, weight: int) -> None:
        """So many bytes are cleared now."""
        for space in self._spaces:
            space.left = min(space.size, space.left + weight)
        self._full = None
        self._count = self._bytes = 0

    def words(self) -> str:
        """What was left out since the last clearing; empty when there is nothing."""
        if not self._full:
            return ""
        what = "an output" if self._count == 1 else f"{self._count:,} outputs"
        return (
            f"[nightdesk: {what} of {self._bytes:,} bytes left out here: displays may take "
            f"{self._full.size:,} bytes {self._full.scope}; the run goes on]\n"
        )


def weight_of(output: dict[str, Any]) -> int:
    """The bytes of an output in a file, by a quick estimate; what is nested too deeply fits nowhere."""
    total = 0
    todo: list[tuple[Any, int]] = [(output.get("data"), 0), (output.get("metadata"), 0)]
    todo += [(output.get("evalue"), 0), (output.get("traceback"), 0)]
    while todo:
        value, depth = todo.pop()
        if depth > DEEPEST:
            return 1 << 60
        if isinstance(value, str):
            total += size_of(value)
        elif isinstance(value, dict):
            total += sum(map(size_of, value))
            todo += [(part, depth + 1) for part in value.values()]
        elif isinstance(value, list):
            todo += [(part, depth + 1) for part in value]
        else:
            total += 8
    return max(total, LEAST)


def shorten(error: dict[str, Any]) -> None:
    """Cut what an exception says where it is endless; the exception itself is always shown."""
    error["evalue"] = _cut(str(error.get("evalue", "")), MESSAGE_CHARACTERS)
    left = TRACEBACK_CHARACTERS
    kept: list[str] = []
    for line in error.get("traceback") or []:
        if left <= 0:
            kept.append(CUT.format(TRACEBACK_CHARACTERS))
            break
        kept.append(_cut(str(line), left))
        left -= len(line)
    error["traceback"] = kept


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + CUT.format(most)
