"""Was a run lost or doubled? From what the platform says, what the code wrote down and what the engine saw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .ledger import Ledger
from .runs import FINAL
from .witness import Seen


@dataclass(slots=True)
class Verdict:
    """How many runs were judged, and why each lost or doubled one is."""

    runs: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    doubled: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        found = [f"{run} is lost: {why}" for run, why in self.lost.items()]
        found += [f"{run} is doubled: {why}" for run, why in self.doubled.items()]
        return "; ".join(found) or f"{self.runs} runs, none lost, none doubled"


def lost(run: dict[str, Any] | None, ledger: Ledger) -> str | None:
    """Why an accepted run counts as lost; None where it does not.

    Args:
        run: what the platform says of it in the end; None where it knows nothing of it.
        ledger: where its code, a ledger notebook, wrote.
    """
    if run is None:
        return "the platform knows nothing of it"
    if run["status"] not in FINAL:
        return f"it is {run['status']} and goes nowhere ({run['reason'] or run['waiting']})"
    if run["status"] == "lost":
        return str(run["reason"])
    if not run["reason"] or not run["finished_at"]:
        return f"it is {run['status']} without a reason or an end"
    if run["status"] == "succeeded":
        attempts = {line.attempt for line in ledger.ended(run["id"])}
        if run["attempt"] not in attempts:
            return "it is said to have succeeded, and its code never came to its end"
    return None


def doubled(run: str, retries: int, ledger: Ledger, witness: Seen) -> str | None:
    """Why a run's code ran more often than its own policy says; None where it did not."""
    begun = Counter(line.attempt for line in ledger.begun(run))
    started = witness.starts(run)
    for attempt, times in sorted((begun | started).items()):
        if begun[attempt] > 1:
            return f"the code of attempt {attempt} began {begun[attempt]} times"
        if started[attempt] > 1:
            return f"containers of attempt {attempt} were started {times} times"
    if (last := max([*begun, *started], default=0)) > retries + 1:
        return f"attempt {last} began, and {retries} retries were asked for"
    if (alive := witness.alive_at_once(run)) > 1:
        return f"{alive} containers of it were alive at once"
    return None


def judge(
    runs: dict[str, dict[str, Any] | None], retries: dict[str, int], ledger: Ledger, witness: Seen
) -> Verdict:
    """The verdict on runs, each as the platform says it is in the end (None: it knows nothing of it)."""
    verdict = Verdict(len(runs))
    for run_id, run in runs.items():
        if why := lost(run, ledger):
            verdict.lost[run_id] = why
        if why := doubled(run_id, retries.get(run_id, 0), ledger, witness):
            verdict.doubled[run_id] = why
    return verdict
