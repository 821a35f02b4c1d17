"""What is checked, one after the other, and how it is told."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any


class Failed(Exception):
    """A check that the image does not pass; the words say what to change in it."""


class Checks:
    """The checks so far. Each prints its line when it is done, and a failing one stops none of the others."""

    def __init__(self) -> None:
        self.failed = 0
        self._began = time.monotonic()

    def run(self, name: str, check: Callable[[], str]) -> bool:
        """Make a check, which returns words or raises :class:`Failed`; whether it was passed."""
        self._began = time.monotonic()
        try:
            return self.tell(name, True, check())
        except Failed as problem:
            return self.tell(name, False, str(problem))
        except Exception as problem:  # noqa: BLE001 - the edge of the program: an image may hold any surprise
            return self.tell(name, False, f"{type(problem).__name__}: {problem}")

    def tell(self, name: str, ok: bool, words: str) -> bool:
        """Print a check's line."""
        self.failed += not ok
        seconds = round(time.monotonic() - self._began, 2)
        _print({"check": name, "ok": ok, "words": words, "seconds": seconds})
        return ok

    def report(self, report: dict[str, Any]) -> int:
        """Print the last line; the exit code."""
        _print({"report": report})
        return 1 if self.failed else 0


def _print(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def last_lines(text: str, count: int = 12) -> str:
    """The end of what a program printed, indented."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "".join(f"\n  {line[:400]}" for line in lines[-count:])
