"""For faults of what a platform stands on: who and what goes with one that a file of tests has for itself.

A file imports these fixtures beside its own `platform`; they take the place of those that all tests share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from ..support.ledger import Ledger, listening
from ..support.people import Person, join
from ..support.platform import Platform
from ..support.witness import Witness, watching
from .case import Case

_BLOCK = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Person:
    """A member of it."""
    return join(platform, "ada")


@pytest.fixture(scope="module")
def ledger(platform: Platform) -> Iterator[Ledger]:
    """Where its runs write that they began."""
    del platform
    with listening() as ledger:
        yield ledger


@pytest.fixture(scope="module")
def witness(platform: Platform) -> Iterator[Witness]:
    """What the engine saw of them."""
    with watching(platform.project) as witness:
        yield witness


def leaves_much(megabytes: int) -> str:
    """Code that leaves as much as `large.bin`."""
    return f"""
block = bytes(range(256)) * 4096
with open(os.path.join(os.environ["NIGHTDESK_OUTPUT_DIR"], "large.bin"), "wb") as file:
    for _ in range({megabytes}):
        file.write(block)
"""


def waits_for(case: Case, run: str, words: str) -> bool:
    """Whether the run says that it waits for the store, in these words."""
    return str(case.person.runs.show(run)["reason"]).startswith(words)


def nothing_is_seen(case: Case, run: str) -> None:
    """No part of an output is."""
    assert case.person.runs.show(run)["outputs"] == []
    assert case.person.runs.call("GET", f"/runs/{run}/outputs/large.bin").status_code in {404, 409}


def is_waiting_whole(case: Case, run: str) -> None:
    """A run whose end cannot be kept is not over."""
    waiting = case.person.runs.show(run)
    assert (waiting["status"], waiting["outputs"], waiting["finished_at"]) == ("running", [], None)


def came_whole(case: Case, ended: dict[str, Any], megabytes: int) -> None:
    """What :func:`leaves_much` wrote is on record and in the store as it was written."""
    content = _BLOCK * megabytes
    (kept,) = [output for output in ended["outputs"] if output["name"] == "large.bin"]
    assert (kept["size"], kept["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert hashlib.sha256(case.person.runs.output(ended["id"], "large.bin")).hexdigest() == kept["sha256"]
