"""A clock that somebody sets while runs go on: by libfaketime, under the api and the worker alone.

It changes what both read as the time of day, their database's clock with it, and nothing of the machine.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.platform import Platform
from ..support.waiting import until
from .breaking import heal
from .case import Case

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]
LIBRARY = "libfaketimeMT.so.1"
FOLDER = "/faketime"
SETTINGS = {
    "LD_PRELOAD": f"{FOLDER}/{LIBRARY}",
    "FAKETIME_TIMESTAMP_FILE": f"{FOLDER}/clock",
    "FAKETIME_NO_CACHE": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # nobody sets the time since the machine's start
}
NOT_THE_FIRST = "assert attempt == '2', 'the first attempt is to fail'"


class Clock:
    """The time of day that api and worker see."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")

    def set(self, offset: str) -> None:
        """From now on; such as ``+2h``."""
        new = self._file.with_name("new")
        new.write_text(f"{offset}\n")
        new.replace(self._file)


@pytest.fixture
def clock(platform: Platform, case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    """Api and worker with a clock that the test sets; as before when it is over."""
    del case
    found = sorted(Path("/usr/lib").glob(f"*/faketime/{LIBRARY}"))
    if not found:
        pytest.skip("libfaketime is not on this machine; `apt install libfaketime` puts it there")
    folder = tmp_path_factory.mktemp("faketime")
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)  # the api is nobody special
    shutil.copy(found[0], folder / LIBRARY)
    clock = Clock(folder / "clock")
    changed = {"environment": SETTINGS, "volumes": [f"{folder}:{FOLDER}:ro"]}
    override = folder / "compose.json"
    override.write_text(json.dumps({"services": {"api": changed, "worker": changed}}))
    up = ("up", "--detach", "--no-build", "--no-deps", "api", "worker")
    try:
        platform.compose("--file", str(override), *up)
        heal(platform)
        yield clock
    finally:
        platform.compose(*up)
        heal(platform)


@pytest.mark.fault(24)
def test_a_clock_that_jumps_by_hours_either_way(case: Case, clock: Clock) -> None:
    with case.held(timeout_seconds=3600) as held:
        before = held.identity()
        for offset in ("+2h", "-2h", "+0"):
            again = case.submit(NOT_THE_FIRST, retries=1, retry_wait_seconds=5)
            until(lambda run=again: waits_for_its_second(case, run), "the second attempt waiting", 60)  # type: ignore[misc]
            clock.set(offset)
            case.goes_on(held)
            case.end_all([again, *case.submit_many(2)])
        case.unchanged(held, before)


def waits_for_its_second(case: Case, run: str) -> bool:
    """Has its first attempt failed?"""
    shown = case.show(run) or {}
    return shown.get("attempt") == 2
