"""A run's output as it arrives in pieces, made into whole lines."""

from __future__ import annotations

from nightdesk.cli.terminal import clean_line

_LONGEST = 100_000  # characters kept of a line that does not end


class LogLines:
    """Pieces of text in, whole clean lines out.

    A carriage return begins a line anew, so of a progress bar only its last state is kept, as a terminal
    would show it. The streams of a run are put together line by line, never in the middle of one.
    """

    def __init__(self, *, coloured: bool) -> None:
        self._coloured = coloured
        self._begun: dict[str, str] = {}

    def feed(self, stream: str, text: str) -> str:
        """The lines that are whole now, each with its end."""
        *lines, begun = (self._begun.get(stream, "") + text).split("\n")
        self._begun[stream] = _last_state(begun) if len(begun) < _LONGEST else ""
        if not self._begun[stream] and begun:
            lines.append(begun)
        return "".join(self._clean(line) for line in lines)

    def rest(self) -> str:
        """What came without an end of line, each given one."""
        lines = "".join(self._clean(line) for line in self._begun.values() if line)
        self._begun.clear()
        return lines

    def _clean(self, line: str) -> str:
        return clean_line(_last_state(line).rstrip("\r"), coloured=self._coloured) + "\n"


def _last_state(line: str) -> str:
    """What is left to see of a line that was begun anew; a return at its very end has yet to take effect."""
    if "\r" not in line:
        return line
    body = line.rstrip("\r")
    return body.rpartition("\r")[2] + line[len(body) :][:1]
