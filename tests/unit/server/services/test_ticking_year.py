"""A year with both changes of the clocks, three schedulers, one of them killed each minute: each time exactly once.

The schedulers are processes on one database file, and time is a parameter: every process looks at each step of the year.
A killed one dies by SIGKILL wherever it is, in the middle of a transaction as well, and another takes its place.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from itertools import takewhile
from typing import Any

import pytest
from nightdesk.config import Settings
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.folder_store import store_at
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schedule_rows import ticks
from nightdesk.server.adapters.schema import runs
from nightdesk.server.domain.run import Status
from nightdesk.server.domain.schedule import Missed, Overlap, Schedule
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.services.policies import PolicyBook
from nightdesk.server.services.ticking import Clockwork, look
from sqlalchemy import event, func, select, update

from ..workbench import ADA, Bench
from .scheduling import Scheduling, moment

START, END = moment("2026-01-01T00:00:00+00:00"), moment("2027-01-01T00:00:00+00:00")
RULES = {"missed": Missed.ALL, "catch_up": 100, "overlap": Overlap.QUEUE, "pause_after": 0}
BERLIN = "Europe/Berlin"
LINES = ("30 2 * * *", "0 6 * * MON", "*/30 1-3 25-31 3,10 *", "0 0 1 * *")
PIECE = 60  # times at which all three look, until one of them is killed


def scheduler(path: str, times: list[float]) -> None:
    """One process: looks at each of these times; runs take no time at all."""
    scheduling = clock_on(path)
    for at in times:
        look(scheduling, at)
        with scheduling.records._database.writing() as connection:  # type: ignore[attr-defined]
            waits = update(runs).where(runs.c.status == Status.QUEUED)
            connection.execute(waits.values(status=Status.SUCCEEDED, started_at=at, finished_at=at))


def clock_on(path: str) -> Clockwork:
    """What a scheduler of its own works with."""
    database = Database(f"sqlite:///{path}")

    @event.listens_for(database.engine, "connect")
    def no_waiting_for_the_disk(connection: Any, _record: Any) -> None:
        connection.execute(
            "PRAGMA synchronous=OFF"
        )  # a killed process loses nothing by it, a power cut would

    records = RecordsSql(database)
    settings = Settings()
    book = PolicyBook(records, settings.runs.limits)
    people = MemoryPeople({"token": ADA})
    return Clockwork(records, store_at("memory://year"), settings, book, people, lambda _records, _told: None)


@pytest.fixture
def year(bench: Bench) -> tuple[Scheduling, list[Schedule]]:
    scheduling = Scheduling(bench)
    made = [scheduling.make(cron, zone=BERLIN, at=START, name=cron, rules=RULES) for cron in LINES]
    made.append(scheduling.make(every=50 * 3600 + 7, at=START, name="interval", rules=RULES))
    return scheduling, made


def expected(schedule: Schedule) -> list[float]:
    """What a calendar says."""
    return [float(at) for at in takewhile(lambda at: at <= END, schedule.timetable.following(START))]


@pytest.mark.fault(25)
def test_a_year_with_three_schedulers_that_die(year: tuple[Scheduling, list[Schedule]]) -> None:
    scheduling, made = year
    path = str(scheduling.bench.database.engine.url.database)
    chance = random.Random(25)  # noqa: S311
    times = sorted({at for schedule in made for at in expected(schedule)})
    context = multiprocessing.get_context("fork")
    scheduling.bench.database.close()
    killed = 0
    for begin in range(0, len(times), PIECE):
        # The first ones again: what a killed one left undone, and a clock that was set back.
        piece = times[max(0, begin - 2) : begin + PIECE]
        processes = [context.Process(target=scheduler, args=(path, piece), daemon=True) for _ in range(3)]
        for process in processes:
            process.start()
        victim = chance.choice(processes)
        victim.join(chance.uniform(0.02, 0.5))
        if victim.is_alive() and victim.pid is not None:
            os.kill(victim.pid, signal.SIGKILL)
            killed += 1
        for process in processes:
            process.join(60)
            assert process.exitcode in {0, -signal.SIGKILL}
    scheduler(path, [END])
    scheduler(path, [END])
    check(scheduling, made)
    assert killed > len(times) // PIECE // 2


def check(scheduling: Scheduling, made: list[Schedule]) -> None:
    """Each time that a calendar would say, once, and each that ran has one run."""
    for schedule in made:
        seen = scheduling.ticks(schedule)
        assert [tick.at for tick in seen] == expected(schedule), schedule.name
        assert {tick.state.value for tick in seen} <= {"succeeded", "queued"}, schedule.name
        assert len({tick.run_id for tick in seen}) == len(seen)
    with scheduling.bench.database.reading() as connection:
        of_runs = connection.execute(select(func.count()).select_from(runs)).scalar_one()
        of_ticks = connection.execute(select(func.count()).select_from(ticks)).scalar_one()
    assert of_runs == of_ticks
    assert scheduling.bench.records.verify().broken is None
