"""Names that code chose, in words for people."""

from __future__ import annotations

import re

_LONGEST = 200
# Control characters, line ends, marks that turn the direction of what follows, half characters.
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def on_one_line(name: str) -> str:
    """A file's name as it can stand in a log: nothing in it is obeyed, and it is not endless."""
    shown = _UNREADABLE.sub(_escaped, name)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no text, as the file system's names have it
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape").decode()
