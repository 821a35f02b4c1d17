"""Finished runs by the thousand, straight into the platform's database.

Runs inside the api container, with the platform's own tables: `docker exec -i API python - TOTAL NAME… <fill.py`
brings the number of finished runs of these people to TOTAL.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from nightdesk.config import load
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.run_rows import to_row
from nightdesk.server.adapters.schema import changes, outputs, runs, usage
from nightdesk.server.domain.run import Run, RunError, Status, new_id
from sqlalchemy import func, insert, select

BATCH = 1000
TWO_YEARS = 2 * 365 * 86400.0
# What a team's runs come to, one of a hundred each.
ENDINGS = (
    [Status.SUCCEEDED] * 80
    + [Status.FAILED] * 13
    + [Status.CANCELLED] * 4
    + [Status.TIMED_OUT] * 2
    + [Status.LOST]
)
NAMES = [
    f"{what}-{number}.ipynb" for what in ("daily", "churn", "donations", "forecast") for number in range(25)
]
SAMPLES = 5  # of resource use in each run
OUTPUTS = ["log.txt", "manifest.json", "metrics.csv", "model.pkl", "notebook.ipynb"]


def main(total: int, people: list[str]) -> None:
    """Bring the finished runs of these people to `total`, evenly; says how many there were before."""
    database = Database(load(os.environ["NIGHTDESK_CONFIG"]).database.url)
    with database.reading() as connection:
        there = connection.execute(
            select(func.count())
            .select_from(runs)
            .where(runs.c.owner.in_(people), runs.c.finished_at.is_not(None))
        ).scalar_one()
        now = database.now(connection)
    print(there)
    made = _made(max(total - there, 0), people, now)
    while batch := list(islice(made, BATCH)):
        with database.writing() as connection:
            connection.execute(insert(runs), [to_row(run) for run in batch])
            connection.execute(insert(changes), [row for run in batch for row in _history(run)])
            connection.execute(insert(outputs), [row for run in batch for row in _outputs(run)])
            connection.execute(insert(usage), [row for run in batch for row in _usage(run)])


def _made(count: int, people: list[str], now: float) -> Iterator[Run]:
    chance = random.Random(count)  # noqa: S311 - the same each time, no secret
    for number in range(count):
        status = chance.choice(ENDINGS)
        created = now - TWO_YEARS + TWO_YEARS * 0.99 * number / count
        started = created + chance.uniform(0.1, 300.0)
        failed = status is Status.FAILED
        yield Run(
            id=new_id(),
            owner=people[number % len(people)],
            submitted_by=people[number % len(people)],
            name=chance.choice(NAMES),
            kind="notebook",
            file="analysis.ipynb",
            environment="python-data",
            version="2026.11.1",
            digest="sha256:" + "0" * 64,
            kernel="python3",
            size="medium",
            cpus=2.0,
            memory_bytes=4 << 30,
            timeout_seconds=43200.0,
            parameters={"year": 2026, "region": "north", "rate": chance.random()},
            input_sha256=f"{chance.getrandbits(256):064x}",
            status=status,
            reason=None if status is Status.SUCCEEDED else f"Cell 7 of 20: it ended as {status.value}.",
            error=RunError("ValueError", "could not convert string to float: 'n/a'", 7) if failed else None,
            fence=1,
            cell=20 if status is Status.SUCCEEDED else 7,
            cells=20,
            created_at=created,
            started_at=started,
            finished_at=started + chance.lognormvariate(5, 1.5),
            peak_memory_bytes=chance.randrange(100 << 20, 4 << 30),
        )


def _history(run: Run) -> Iterator[dict[str, Any]]:
    assert run.started_at is not None
    steps = [
        (run.created_at, Status.QUEUED),
        (run.started_at - 0.1, Status.STARTING),
        (run.started_at, Status.RUNNING),
        (run.finished_at, run.status),
    ]
    for at, status in steps:
        worker = "worker-1" if status in {Status.STARTING, Status.RUNNING} else None
        reason = run.reason if status is run.status else None
        yield {
            "run_id": run.id,
            "attempt": 1,
            "fence": int(status is not Status.QUEUED),
            "at": at,
            "status": status,
            "worker": worker,
            "reason": reason,
        }


def _outputs(run: Run) -> Iterator[dict[str, Any]]:
    for size, name in enumerate(OUTPUTS, 1):
        yield {"run_id": run.id, "attempt": 1, "name": name, "size": size << 14, "sha256": run.input_sha256}


def _usage(run: Run) -> Iterator[dict[str, Any]]:
    assert run.started_at is not None
    assert run.finished_at is not None
    for number in range(SAMPLES):
        at = run.started_at + (run.finished_at - run.started_at) * number / SAMPLES
        yield {
            "run_id": run.id,
            "attempt": 1,
            "at": at,
            "cpus": 1.5,
            "memory_bytes": run.peak_memory_bytes,
            "disk_bytes": 1 << 20,
        }


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
