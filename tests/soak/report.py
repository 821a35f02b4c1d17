"""What became of the runs of a storm."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..support.ledger import Ledger
from ..support.platform import Platform, docker
from ..support.verdict import doubled, lost
from ..support.witness import Witness
from .storm import Fault
from .users import Accepted

# What is on record of each run, told by the platform's own code.
_ASK = """
import json, sys
from nightdesk.config import load
from nightdesk.server.bootstrap import records_for
records = records_for(load("/etc/nightdesk/nightdesk.yaml"))
print(json.dumps({run: [[one.at, one.attempt, one.status, one.worker, one.reason] for one in records.history(run)]
                  for run in json.load(sys.stdin)}))
"""
# What the reason of a run says whose container somebody killed or removed.
TOUCHED = (
    "somebody stopped its container",
    "removed from outside",
    "container engine was restarted",
    "The code finished, but its container ended",
)
History = list[tuple[float, int, str, str | None, str | None]]


@dataclass(slots=True)
class Report:
    """Filled by :func:`write`; ``lines`` is what is printed."""

    lost: dict[str, str] = field(default_factory=dict)
    doubled: dict[str, str] = field(default_factory=dict)
    interrupted: dict[str, str] = field(default_factory=dict)  # by nobody who touched its container
    unexpected: dict[str, str] = field(default_factory=dict)  # somebody did, and it says something else

    @property
    def good(self) -> bool:
        """The promise was kept."""
        return not (self.lost or self.doubled or self.interrupted)

    lines: list[str] = field(default_factory=list)


def histories(platform: Platform, runs: Iterable[str]) -> dict[str, History]:
    """Every change of status and worker of each run, oldest first."""
    said = docker(
        *("exec", "--interactive", platform.service("worker"), "python", "-c", _ASK),
        stdin=json.dumps(list(runs)).encode(),
        seconds=120,
    )
    return {run: [tuple(one) for one in changes] for run, changes in json.loads(said).items()}


def unexpected(one: Accepted, times_touched: int) -> str | None:
    """How a run ended otherwise than its story and what was done to its container explain; None where it did not."""
    run, story = one.shown or {}, one.story
    as_told = run.get("status") == story.status and story.words in str(run.get("reason"))
    if as_told and run["attempt"] in range(story.attempts, story.attempts + times_touched + 1):
        return None
    if times_touched and run.get("status") == "failed" and any(words in run["reason"] for words in TOUCHED):
        return None
    if times_touched and run.get("status") == story.status:
        return None
    return f"{story.name}: {run.get('status')} after attempt {run.get('attempt')} ({run.get('reason')})"


def adoptions(history: History, faults: list[Fault]) -> list[float]:
    """Seconds from what befell the worker of before until another one had the run, for each adoption."""
    found = []
    for (_, attempt, status, before, _), (at, then, next_status, worker, _) in itertools.pairwise(history):
        same = attempt == then and status in {"starting", "running"} and next_status == status
        if not same or worker is None or worker == before or before is None:
            continue
        blows = [fault.began for fault in faults if fault.began <= at and befell(fault, before)]
        if blows:
            found.append(at - max(blows))
    return found


def befell(fault: Fault, worker: str) -> bool:
    """Whether a fault was this worker's: it is named after its container."""
    return bool(fault.host) and worker.rpartition("-")[0] == fault.host


def write(
    seed: str,
    minutes: float,
    platform: Platform,
    runs: list[Accepted],
    touched: Counter[str],
    faults: list[Fault],
    troubles: list[str],
    ledger: Ledger,
    witness: Witness,
) -> Report:
    """The whole report."""
    report = Report()
    past = histories(platform, [one.id for one in runs])
    for one in runs:
        if why := lost(one.shown, ledger):
            report.lost[one.id] = why
        elif why := unexpected(one, touched[one.id]):
            (report.unexpected if touched[one.id] else report.interrupted)[one.id] = why
        if why := doubled(one.id, one.story.retries, ledger, witness):
            report.doubled[one.id] = why
    waits = [wait for one in runs for wait in adoptions(past.get(one.id, []), faults)]
    statuses = Counter(str((one.shown or {}).get("status")) for one in runs)
    kinds = Counter(fault.name for fault in faults)
    say = report.lines.append
    say(f"seed                {seed}")
    say(f"minutes             {minutes:g}")
    say(f"faults              {len(faults)}: {_counted(kinds)}")
    say(f"runs                {len(runs)}: {_counted(statuses)}")
    say(f"stories             {_counted(Counter(one.story.name for one in runs))}")
    say(f"lost                {len(report.lost)}")
    say(f"doubled             {len(report.doubled)}")
    say(f"interrupted         {len(report.interrupted)}")
    say(f"unexpected          {len(report.unexpected)}")
    say(f"adoptions           {len(waits)}, the longest after {max(waits, default=0.0):.1f} s")
    say(f"answers to complain of  {len(troubles)}")
    for title, found in (
        ("lost", report.lost),
        ("doubled", report.doubled),
        ("interrupted", report.interrupted),
        ("unexpected", report.unexpected),
    ):
        for run, why in found.items():
            say(f"\n{title}: run {run}: {why}")
            report.lines += [f"    {_moment(*change)}" for change in past.get(run, [])]
            report.lines += [f"    engine: {one.what} attempt {one.attempt}" for one in witness.happened(run)]
    report.lines += [f"\nanswer: {trouble}" for trouble in troubles[:20]]
    return report


def _counted(numbers: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in numbers.most_common())


def _moment(at: float, attempt: int, status: str, worker: str | None, reason: Any) -> str:
    return f"{at:.3f} attempt {attempt} {status} {worker or '-'} {reason or ''}".rstrip()
