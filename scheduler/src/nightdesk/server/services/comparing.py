"""Runs side by side: what was said to them, what they measured, what they ran in and what they left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.records import Records

MOST = 6  # runs
_MOST_NAMES = 500  # of packages or outputs that differ


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing by name, with what each of the runs has of it; None for nothing."""

    name: str
    values: tuple[Any, ...]

    @property
    def same(self) -> bool:
        """All have the same."""
        return all(value == self.values[0] for value in self.values)


@dataclass(frozen=True, slots=True)
class Compared:
    """Of packages and outputs only what is not the same in all."""

    facts: list[Difference]
    parameters: list[Difference]
    metrics: list[Difference]
    packages: list[Difference]
    outputs: list[Difference]


def compare(records: Records, runs: list[Run]) -> Compared:
    """Two runs or more, with as many questions to the database as of two."""
    measured = records.metrics(runs)
    left = records.outputs([run.id for run in runs])
    packages = {run.digest: {(each.kind, each.name): each.version for each in records.packages(run.digest)}
                for run in runs}  # fmt: skip
    outputs = [
        {each.name: f"{human_bytes(each.size)}, {each.sha256[:8]}" for each in left[run.id]} for run in runs
    ]
    for each in outputs:
        for made in ("notebook.html", "manifest.json"):  # about a run, and never the same
            each.pop(made, None)
    kept = [{f"{kind} {name}" if kind != "python" else name: version for (kind, name), version in
             packages[run.digest].items()} for run in runs]  # fmt: skip
    return Compared(
        facts=[Difference(name, tuple(fact(run) for run in runs)) for name, fact in _FACTS.items()],
        parameters=_by_name([run.parameters for run in runs]),
        metrics=_by_name([{each.name: each.value for each in measured[run.id]} for run in runs]),
        packages=[each for each in _by_name(kept) if not each.same][:_MOST_NAMES],
        outputs=[each for each in _by_name(outputs) if not each.same][:_MOST_NAMES],
    )


def _by_name(found: list[dict[str, Any]]) -> list[Difference]:
    names = sorted({name for each in found for name in each})
    return [Difference(name, tuple(each.get(name) for each in found)) for name in names]


def _took(run: Run) -> float | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return round(max(run.finished_at - run.started_at, 0.0), 1)


_FACTS: dict[str, Callable[[Run], Any]] = {
    "status": lambda run: run.status.value,
    "seconds": _took,
    "environment": lambda run: f"{run.environment}:{run.version}",
    "image": lambda run: run.digest[:19],
    "size": lambda run: run.size,
    "peak memory": lambda run: None if run.peak_memory_bytes is None else human_bytes(run.peak_memory_bytes),
    "file": lambda run: run.file,
    "file's checksum": lambda run: run.input_sha256[:12],
    "commit": lambda run: (run.git or {}).get("commit", "")[:12] or None,
    "attempts": lambda run: run.attempt,
}
