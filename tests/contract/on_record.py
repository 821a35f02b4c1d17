"""Runs on record, and doing things at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schema import changes
from nightdesk.server.domain.run import Run, Status
from sqlalchemy import select

from .runs import a_run


def history(database: Database, run: Run) -> list[tuple[str, int, int]]:
    """Status, attempt and fence of each line of a run's history."""
    query = select(changes.c.status, changes.c.attempt, changes.c.fence).where(changes.c.run_id == run.id)
    with database.reading() as connection:
        return [
            (row.status, row.attempt, row.fence) for row in connection.execute(query.order_by(changes.c.id))
        ]


def added(records: RecordsSql, **values: Any) -> Run:
    """A run on record."""
    values.setdefault("created_at", records.now())
    return records.add_run(a_run(**values))[0]


def claimed(records: RecordsSql, run: Run, worker: str = "one") -> Run:
    """The run in a worker's hands."""
    taken = records.claim(run.id, worker)
    assert taken is not None
    return taken


def running(records: RecordsSql, **values: Any) -> Run:
    """A run whose code is running."""
    return records.change(claimed(records, added(records, **values)), status=Status.RUNNING)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do something in so many threads at the same time; what came out, exceptions too."""
    barrier, answers = threading.Barrier(count), []

    def body(number: int) -> None:
        barrier.wait(10)
        try:
            answers.append(work(number))
        except Exception as error:  # noqa: BLE001 - it is an answer as well
            answers.append(error)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers
