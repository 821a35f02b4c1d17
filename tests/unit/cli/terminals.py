"""A command on a terminal, as a person sees it."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS = 20


class Terminal:
    """What was written to it so far, escapes and all."""

    def __init__(self, end: int, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen = ""
        self._end = end

    def read_until(self, words: str) -> None:
        """Read on until these words were written."""
        deadline = time.monotonic() + _SECONDS
        while words not in self.seen:
            assert time.monotonic() < deadline, f"{words!r} was not written; only {self.seen!r}"
            assert self._more(), f"it ended without {words!r}: {self.seen!r}"

    def read_to_the_end(self) -> str:
        """All that it wrote; the process has ended."""
        while self._more():
            pass
        self.process.wait(_SECONDS)
        return self.seen

    def _more(self) -> bool:
        if not select.select([self._end], [], [], 0.2)[0]:
            return True
        try:
            piece = os.read(self._end, 65536)
        except OSError:  # the other end is closed
            return False
        self.seen += piece.decode("utf-8", "replace")
        return bool(piece)


@contextmanager
def on_a_terminal(start: Callable[..., subprocess.Popen[str]], *arguments: str) -> Iterator[Terminal]:
    """The command with a terminal for its output and its errors."""
    ours, theirs = pty.openpty()
    try:
        process = start(
            *arguments,
            stdout=theirs,
            stderr=theirs,
            env={"TERM": "xterm", "PYTHONIOENCODING": "utf-8", "COLUMNS": "120"},
        )
        os.close(theirs)
        yield Terminal(ours, process)
    finally:
        os.close(ours)


def screen(seen: str) -> list[str]:
    """The lines that a terminal shows in the end, empty ones and colours left out."""
    lines = [""]
    column = 0
    for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.", seen, re.DOTALL):
        if part == "\r":
            column = 0
        elif part == "\n":
            lines.append("")
            column = 0
        elif part == "\x1b[K":
            lines[-1] = lines[-1][:column]
        elif not part.startswith("\x1b"):
            lines[-1] = lines[-1][:column] + part + lines[-1][column + 1 :]
            column += 1
    return [line for line in lines if line]
