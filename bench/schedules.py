"""Ten thousand schedules, a thousand of them due in the same minute: how long until all are queued, and how the database feels.

On a database file of its own, with the platform's own services and without a platform: what is measured is what a worker does
when they are due. Beside it the same thousand runs handed over one by one, as people submit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nightdesk.config import Settings
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.folder_store import store_at
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schedule_rows import inputs as input_table
from nightdesk.server.adapters.schedule_rows import schedule_row, schedules
from nightdesk.server.domain.environment import Kernel, Version
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import new_id
from nightdesk.server.domain.schedule import Wishes
from nightdesk.server.domain.submission import Submission
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.ports.schedules import ScheduleFilter
from nightdesk.server.services.policies import PolicyBook
from nightdesk.server.services.schedules import Given, NewSchedule, WhenWanted, make_schedule
from nightdesk.server.services.submit import submit
from nightdesk.server.services.ticking import Clockwork, look
from sqlalchemy import insert, select

from tests.support.notebooks import notebook

from .figures import spread

SCHEDULES, DUE, PEOPLE = 10_000, 1_000, 50
SOURCE = notebook("as_of = ''", "print(as_of)")


def many_schedules(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The figures."""
    clock, people = clock_on(folder / "schedules.db", folder)
    say(f"making {SCHEDULES} schedules, {DUE} of them due in the same minute")
    now = _fill(clock, people)
    taken: list[float] = []
    over = threading.Event()
    reader = threading.Thread(target=_read, args=(clock, over, taken), daemon=True)
    say("queueing what is due, while somebody looks at lists")
    reader.start()
    began = time.perf_counter()
    queued = look(clock, now).queued
    seconds = time.perf_counter() - began
    over.set()
    reader.join()
    assert queued == DUE, queued
    began = time.perf_counter()
    look(clock, now)
    idle = time.perf_counter() - began
    say(f"the same {DUE} handed over one by one")
    began = time.perf_counter()
    for number in range(DUE):
        person = people[number % PEOPLE]
        wanted = Submission(file="report.ipynb", name=f"by hand {number}")
        submit(clock.records, clock.store, clock.settings, person, wanted, (SOURCE, None))
    by_hand = time.perf_counter() - began
    return {
        "schedules": SCHEDULES,
        "due": DUE,
        "seconds": seconds,
        "one_by_one_seconds": by_hand,
        "ratio": seconds / by_hand,
        "nothing_due_seconds": idle,
        "lists_meanwhile": spread(taken) if taken else None,
    }


def clock_on(path: Path, folder: Path) -> tuple[Clockwork, list[Person]]:
    database = Database(f"sqlite:///{path}")
    database.migrate()
    records = RecordsSql(database)
    records.add_version(
        Version(
            "python-data", "2026.11.1", "sha256:" + "1" * 64, "x", "Python", "", (Kernel("python3", "Python 3", "python"),),
            time.time(), ("stable",),
        )
    )  # fmt: skip
    settings = Settings.model_validate({"runs": {"limits": {"waiting": 10 * DUE}}})
    people = [Person(f"person-{number}") for number in range(PEOPLE)]
    hub = MemoryPeople({person.name: person for person in people})
    book = PolicyBook(records, settings.runs.limits)
    store = store_at(f"file://{folder}/store")
    return Clockwork(records, store, settings, book, hub, lambda _records, _told: None), people


def _fill(clock: Clockwork, people: list[Person]) -> float:
    """All schedules but the first are put into the database as copies of it; the time at which so many are due."""
    wanted = NewSchedule(WhenWanted("0 6 * * *"), Wishes("report.ipynb", ""), name="pattern")
    pattern = make_schedule(clock, people[0], wanted, Given(SOURCE))
    assert pattern.next_at is not None
    rows = []
    for number in range(SCHEDULES):
        due = pattern.next_at + (0 if number < DUE else 86400)
        owner = people[number % PEOPLE].name
        rows.append(
            schedule_row(replace(pattern, id=new_id(), owner=owner, name=f"report {number}", next_at=due))
        )
    records: Any = clock.records
    records.pause_schedules_of(pattern.owner, "bench", "only a pattern")
    with records._database.writing() as connection:
        content = connection.execute(select(input_table.c.content)).scalar_one()
        connection.execute(insert(schedules), rows)
        copies = [{"schedule_id": row["id"], "name": "source", "content": content} for row in rows]
        connection.execute(insert(input_table), copies)
    return pattern.next_at


def _read(clock: Clockwork, over: threading.Event, taken: list[float]) -> None:
    """Somebody looks at lists of schedules, again and again."""
    while not over.wait(0.05):
        began = time.perf_counter()
        clock.records.schedules(ScheduleFilter(owner="person-7", limit=100))
        taken.append(time.perf_counter() - began)
