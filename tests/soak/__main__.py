"""``python -m tests.soak``: a storm of random faults over hundreds of runs.

Ten people hand over runs of all kinds while, every few seconds, something is killed, stopped, paused or
emptied. In the end all is put right, every run comes to its end, and the report says what became of them.
Exits 0 only where no run was lost, none doubled, and none interrupted whose container nobody touched.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from ..faults.breaking import heal
from ..support.ledger import listening
from ..support.people import join
from ..support.platform import REUSE, Platform, alone
from ..support.witness import watching
from .report import Report, write
from .storm import Fault, OnRuns, OnServices
from .users import User

NAMES = ("ada", "grace", "ivy", "joan", "karen", "lise", "mary", "nina", "olga", "rosa")
SAY_SECONDS = 30
END_SECONDS = 420  # for what is under way at the end of the storm: the longest notebook, and those before it
PAUSE_SERVICES = (1.0, 8.0)
PAUSE_RUNS = (5.0, 25.0)


def main() -> int:
    """The whole storm."""
    parser = argparse.ArgumentParser(prog="make soak", description="random faults over hundreds of runs")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long the storm lasts (30)")
    parser.add_argument("--seed", help="of an earlier storm, to have the same runs and faults again")
    chosen = parser.parse_args()
    seed = chosen.seed or f"{random.randrange(10**9)}"  # noqa: S311  # no secret
    print(f"seed {seed}; again: make soak MINUTES={chosen.minutes:g} SEED={seed}", flush=True)
    with ExitStack() as stack:
        kept = os.environ.get(REUSE)
        platform = Platform(Path(kept)) if kept else stack.enter_context(alone())
        report = storm(platform, seed, chosen.minutes, stack)
    print("\n".join(["", *report.lines]), flush=True)
    return 0 if report.good else 1


def storm(platform: Platform, seed: str, minutes: float, stack: ExitStack) -> Report:
    """Ten users and two hands, until the time is over and every run has ended."""
    ledger = stack.enter_context(listening())
    witness = stack.enter_context(watching(platform.project))
    users = [User(join(platform, name), seed, ledger) for name in NAMES]
    services = OnServices("services", platform, seed, PAUSE_SERVICES)
    containers = OnRuns("runs", platform, seed, PAUSE_RUNS)
    began = time.monotonic()
    for thread in (*users, services, containers):
        thread.start()
    say_until(began, began + 60 * minutes, users, [services.done, containers.done])
    for hand in (services, containers):
        hand.enough()
    for user in users:
        user.enough()
    for hand in (services, containers):
        hand.join(120)
    heal(platform)
    print("all is put right; waiting for the runs to end", flush=True)
    say_until(began, time.monotonic() + END_SECONDS, users, [], until_over=True)
    for user in users:
        user.stop()
    for user in users:
        user.join(120)
    runs = [one for user in users for one in user.accepted]
    troubles = [trouble for user in users for trouble in user.troubles]
    faults = [*services.done, *containers.done]
    return write(seed, minutes, platform, runs, containers.touched(), faults, troubles, ledger, witness)


def say_until(
    began: float, end: float, users: list[User], faults: list[list[Fault]], until_over: bool = False
) -> None:
    """A line now and then."""
    said = 0.0
    while (now := time.monotonic()) < end:
        runs = [one for user in users for one in list(user.accepted)]
        going = sum(not one.over for one in runs)
        if now - said > SAY_SECONDS:
            said = now
            statuses = Counter(str((one.shown or {}).get("status", "accepted")) for one in runs)
            words = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
            struck = sum(map(len, faults))
            print(f"{now - began:6.0f} s  {struck} faults, {len(runs)} runs: {words}", flush=True)
        if until_over and not going:
            return
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
