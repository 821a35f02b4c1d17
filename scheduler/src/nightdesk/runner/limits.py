"""How much of what code prints is kept, and the words that stand where something was left out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Quota:
    """Bytes that may still be kept, and what to say when there are none left."""

    __slots__ = ("left", "marker", "size")

    def __init__(self, size: int, scope: str) -> None:
        self.size = self.left = size
        self.marker = f"\n[nightdesk: cut after {size:,} bytes of printed output {scope}; the run goes on]\n"


def size_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


class Allowance:
    """Lets text through while every quota has room, then one marker, then nothing."""

    def __init__(self, *quotas: Quota) -> None:
        self._quotas = quotas
        self._said = False

    def take(self, text: str) -> str:
        """The part of `text` that may be kept, with the marker where it ends early."""
        size = size_of(text)
        tightest = min(self._quotas, key=lambda quota: quota.left)
        short = size > tightest.left
        if short:
            text = _first_bytes(text, tightest.left)
            size = tightest.left
        for quota in self._quotas:
            quota.left -= size
        if short and not self._said:
            self._said = True
            text += tightest.marker
        return text

    @property
    def exhausted(self) -> bool:
        """Whether the marker stands, so that nothing more is let through."""
        return self._said and min(quota.left for quota in self._quotas) == 0

    def give_back(self, text: str) -> None:
        """`text` was kept and is overwritten or cleared now."""
        size = size_of(text)
        for quota in self._quotas:
            quota.left = min(quota.size, quota.left + size)
        self._said = False


class Lines:
    """Cuts lines that are too long; a carriage return begins a new line, as on a screen."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._column = 0
        self._marker = f" [nightdesk: line cut after {most:,} bytes]"

    def cut(self, text: str) -> str:
        longest = self._column + max(map(len, text.split("\n")))
        if longest * (1 if text.isascii() else 4) <= self._most:
            end = max(text.rfind("\n"), text.rfind("\r"))
            self._column = size_of(text[end + 1 :]) + (self._column if end < 0 else 0)
            return text
        return "".join(self._pieces(text))

    def _pieces(self, text: str) -> Iterator[str]:
        start = 0
        while start < len(text):
            end = _line_end(text, start)
            yield self._fit(text[start:end])
            if end < len(text):
                yield text[end]
                self._column = 0
            start = end + 1

    def _fit(self, piece: str) -> str:
        left = self._most - self._column
        size = size_of(piece)
        if size <= left:
            self._column += size
            return piece
        said = left < 0
        self._column = self._most + 1
        if said:
            return ""
        return _first_bytes(piece, left) + self._marker


def _first_bytes(text: str, most: int) -> str:
    return text[:most].encode("utf-8", "surrogatepass")[:most].decode("utf-8", "ignore")


def _line_end(text: str, start: int) -> int:
    ends = [end for end in (text.find("\n", start), text.find("\r", start)) if end >= 0]
    return min(ends) if ends else len(text)
