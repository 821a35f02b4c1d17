"""What runs do in the storm, and how each may end."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from ..support.ledger import Ledger
from ..support.notebooks import notebook

EAT = "rest = []\nwhile True:\n    rest.append(bytearray(8 * 2**20))"
WORK = """
begin = time.monotonic()
while time.monotonic() < begin + {seconds}:
    print(f"at work for {{time.monotonic() - begin:.1f}} s", flush=True)
    time.sleep(0.5)
"""
FAIL = "assert int(attempt) > {attempts}, 'this attempt is to fail'"


@dataclass(frozen=True, slots=True)
class Story:
    """One run: the cells between the ledger's, what is asked for, and how it ends when nobody touches it."""

    name: str
    cells: tuple[str, ...]
    status: str
    words: str = ""  # in the reason
    attempts: int = 1  # the last one
    request: dict[str, Any] = field(default_factory=dict)
    cancel_after: float | None = None  # seconds

    def source(self, ledger: Ledger) -> bytes:
        """The notebook."""
        return notebook(ledger.first(), *self.cells, ledger.last())

    @property
    def retries(self) -> int:
        """How often it may be tried again."""
        return int(self.request.get("retries", 0))


def some_story(chance: random.Random) -> Story:
    """One that somebody might have handed over."""
    makers = (
        _short,
        _long,
        _cancelled,
        _timed_out,
        _retried,
        _given_up,
        _out_of_memory,
        _raises,
        _stops_early,
    )
    return chance.choices(makers, (50, 8, 8, 8, 8, 4, 5, 5, 4))[0](chance)


def _short(chance: random.Random) -> Story:
    return Story("short", (WORK.format(seconds=chance.uniform(0, 12)),), "succeeded")


def _long(chance: random.Random) -> Story:
    return Story("long", (WORK.format(seconds=chance.uniform(30, 90)),), "succeeded")


def _cancelled(chance: random.Random) -> Story:
    cells = (WORK.format(seconds=600),)
    return Story("cancelled", cells, "cancelled", "Cancelled by", cancel_after=chance.uniform(0, 20))


def _timed_out(chance: random.Random) -> Story:
    limit = {"timeout_seconds": chance.randint(3, 10)}
    return Story("timed out", (WORK.format(seconds=600),), "timed_out", "time limit", request=limit)


def _retried(chance: random.Random) -> Story:
    fails = chance.randint(1, 2)
    asked = {"retries": 2, "retry_wait_seconds": 1}
    cells = (WORK.format(seconds=chance.uniform(0, 3)), FAIL.format(attempts=fails))
    return Story("retried", cells, "succeeded", attempts=fails + 1, request=asked)


def _given_up(chance: random.Random) -> Story:
    asked = {"retries": 1, "retry_wait_seconds": 1}
    cells = (WORK.format(seconds=chance.uniform(0, 3)), FAIL.format(attempts=9))
    return Story("given up", cells, "failed", "this attempt is to fail", attempts=2, request=asked)


def _out_of_memory(chance: random.Random) -> Story:
    cells = (WORK.format(seconds=chance.uniform(0, 5)), EAT)
    return Story("out of memory", cells, "failed", "Out of memory in cell 3 of 4")


def _raises(chance: random.Random) -> Story:
    cells = (WORK.format(seconds=chance.uniform(0, 5)), "raise ValueError('no such region')")
    return Story("raises", cells, "failed", "no such region")


def _stops_early(chance: random.Random) -> Story:
    cells = (WORK.format(seconds=chance.uniform(0, 5)), "import sys\nsys.exit(0)")
    return Story("stops early", cells, "failed", "Stopped early at cell 3")
