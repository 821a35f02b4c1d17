"""What code prints, made fit to be shown: of all that drives a terminal, colours alone are kept."""

from __future__ import annotations

import re

_STRING = (
    r"\x1b[\]PX^_][^\x07\x1b\r\n]*"  # window titles, links, the clipboard: up to their end or the line's
)
_SEQUENCE = re.compile(
    r"(?P<colour>\x1b\[[0-9;:]*m)"
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: moving the cursor about, clearing
    # ended by its end, or by whatever else begins; the next piece has the rest of an ESC at the end of this one
    rf"|{_STRING}(?:\x07|\x1b\\|(?=[\r\n]|\x1b[^\\]|\x1b?\Z))"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`a-~]"  # all others (ECMA-48, 5.3)
    r"|[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_BEGUN = re.compile(rf"(?:\x1b\[[0-?]*[ -/]*|{_STRING}\x1b?|\x1b[ -/]*)\Z")
_LONGEST = 2000  # characters of a sequence that may come in pieces


class Colours:
    """Text that comes in pieces, without control characters and sequences; one that is cut in two as well."""

    def __init__(self) -> None:
        self._begun: dict[str, str] = {}

    def clear(self) -> None:
        """The text comes again from its start."""
        self._begun.clear()

    def only(self, stream: str, text: str) -> str:
        """What is left of the next piece of a stream; what may be the beginning of a sequence waits."""
        text = self._begun.pop(stream, "") + text
        if text.isprintable():
            return text
        begun = _BEGUN.search(text)
        if begun is not None and len(begun[0]) <= _LONGEST:
            self._begun[stream] = begun[0]
            text = text[: begun.start()]
        return _SEQUENCE.sub(lambda found: found["colour"] or "", text)
