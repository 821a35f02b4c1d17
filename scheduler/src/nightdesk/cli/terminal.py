"""What a terminal can show, and text from elsewhere made fit for it."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_ANY_SEQUENCE = (
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, and moving the cursor about
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: window titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"  # all others (ECMA-48, 5.3)
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_COLOUR = r"\x1b\[[0-9;:]*m"
_DIRECTION = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)  # can make text read otherwise
_RESET = "\x1b[0m"


def is_terminal(stream: TextIO) -> bool:
    """Whether a person is looking at `stream`."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def colours(stream: TextIO) -> bool:
    """Whether to colour what goes to `stream` (see no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width(stream: TextIO) -> int:
    """Columns of the terminal behind `stream`, 80 where there is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def speaks_unicode(stream: TextIO) -> bool:
    """Whether block characters and tick marks arrive."""
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """`text` in a colour where `stream` (default: stdout) shows colours."""
    codes = {"red": "31", "green": "32", "yellow": "33", "grey": "90", "bold": "1"}
    return f"\x1b[{codes[colour]}m{text}{_RESET}" if colours(stream or sys.stdout) else text


def mark(ok: bool, stream: TextIO | None = None) -> str:
    """A tick or a cross."""
    stream = stream or sys.stdout
    if not speaks_unicode(stream):
        return "ok" if ok else "NO"
    return paint("✓", "green", stream) if ok else paint("✗", "red", stream)


def plain(text: str) -> str:
    """`text` on one line, control characters and changes of direction shown instead of obeyed."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in _DIRECTION or (not character.isprintable() and ord(character) < 0xA0):
        return character.encode("unicode_escape").decode("ascii")
    if "\ud800" <= character <= "\udfff" or character in "\u2028\u2029":
        return "\ufffd"
    return character  # joiners and the like, which emoji are made of


def clean_line(line: str, *, coloured: bool) -> str:
    """A line of a run's output for a terminal: of all control sequences colours only, and those if `coloured`."""
    if line.isprintable():
        return line
    import re

    shown = re.sub(_ANY_SEQUENCE, _keep_colour if coloured else "", line)
    return shown + _RESET if "\x1b" in shown else shown


def _keep_colour(found: object) -> str:
    import re

    assert isinstance(found, re.Match)  # noqa: S101  (for the type checker; re is not imported at start)
    sequence: str = found.group()
    return sequence if re.fullmatch(_COLOUR, sequence) else ""


def columns(text: str) -> int:
    """How many columns `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    import unicodedata

    taken = 0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
            continue
        taken += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return taken


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` columns."""
    if columns(text) <= most:
        return text
    kept = ""
    for character in text:
        if columns(kept + character) >= most:
            break
        kept += character
    return kept + "…"
