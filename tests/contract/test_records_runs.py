"""What every Records does with runs: put on record, listed, changed by one and not by another, cancelled."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import Any

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.errors import Conflict, FenceLost
from nightdesk.server.domain.run import Priority, Run, RunError, Source, Status
from nightdesk.server.ports.records import RunFilter

from .on_record import added, at_once, claimed, history, running
from .runs import a_run


def test_the_clock_goes_on_and_is_this_time_s(records: RecordsSql) -> None:
    first = records.now()
    assert abs(first - time.time()) < 5
    time.sleep(0.01)
    assert 0 < records.now() - first < 5


# runs


def test_a_run_comes_back_as_it_was(records: RecordsSql) -> None:
    run = a_run(
        kernel="python3",
        parameters={"x": [1, 2.5, None, True, {"ü": "😀 \u202e"}], "y": 10**400},
        notes=("one", "two"),
        key="k",
        notify="always",
        retries=3,
        input_sha256="0" * 64,
        files_count=7,
        status=Status.FAILED,
        reason="It failed.",
        error=RunError("ValueError", "no such year", 2),
        attempt=2,
        fence=5,
        worker="one",
        not_before=1.5,
        priority=Priority.HIGH,
        groups=("analysts", "ünï"),
        cell_timeout_seconds=60.0,
        pids_limit=99,
        disk_bytes=2**40,
        output_bytes=2**41,
        retry_wait_seconds=0.5,
        expected_seconds=12.25,
        ending="time",
        started_uptime=77.5,
        offered_at=2.5,
        cancel_requested_at=3.5,
        cancelled_by="ada",
        cell=3,
        cells=7,
        started_at=4.5,
        finished_at=5.5,
        peak_memory_bytes=2**40,
        git={"commit": "a" * 40, "branch": "main", "dirty": True, "remote": None},
        sources=(Source("data.csv", "k7m2x9qh4tfe", 1, "a/b.csv", 2**40, "1" * 64),),
        kept_by="ada",
        kept_at=6.5,
        removed_at=7.5,
        removed_why="older than 30 days",
        removed_bytes=2**41,
        schedule_id="daily",
        scheduled_at=8.5,
        pipeline_id="p1",
        step="train",
        steps={"prepare": "k7m2x9qh4tfe"},
        sweep_id="s1",
        sweep_place=3,
    )
    assert all(getattr(run, field.name) is not None for field in fields(run)), "no field is left out here"
    assert records.add_run(run) == (run, True)
    assert records.run(run.id) == run
    bare = a_run(id="bare", error=RunError("E", "", None))
    records.add_run(bare)
    assert records.run("bare") == bare
    assert records.run("nosuchrun") is None
    assert records.run("") is None


def test_a_key_is_one_run_of_its_owner(records: RecordsSql, database: Database) -> None:
    first = added(records, id="a", key="k")
    assert records.add_run(a_run(id="b", key="k")) == (first, False)
    assert records.run("b") is None
    assert records.add_run(a_run(id="c", key="k", owner="bob"))[1]
    assert records.add_run(a_run(id="d", key=None))[1]
    assert records.add_run(a_run(id="e", key=None))[1], "without a key each is another"
    assert records.run_by_key("ada", "k") == first
    assert records.run_by_key("ada", "K") is None
    assert records.run_by_key("eve", "k") is None
    assert history(database, a_run(id="b")) == []


def test_the_same_key_at_once_is_one_run(records: RecordsSql) -> None:
    answers = at_once(8, lambda number: records.add_run(a_run(id=f"run-{number}", key="k")))
    assert sorted(new for _, new in answers) == [False] * 7 + [True]
    assert len({run.id for run, _ in answers}) == 1


def test_lists_are_newest_first(records: RecordsSql) -> None:
    for number in range(6):
        owner, status = ("ada", "bob")[number % 2], (Status.QUEUED, Status.FAILED)[number // 3]
        records.add_run(a_run(id=f"run-{number}", owner=owner, created_at=float(number), status=status))

    def ids(**wanted: Any) -> list[str]:
        return [run.id[-1] for run in records.runs(RunFilter(**wanted))]

    assert ids() == ["5", "4", "3", "2", "1", "0"]
    assert ids(owner="ada") == ["4", "2", "0"]
    assert ids(status=Status.FAILED) == ["5", "4", "3"]
    assert ids(owner="bob", status=Status.FAILED) == ["5", "3"]
    assert ids(limit=2) == ["5", "4"]
    assert ids(owner="nobody") == []


def test_turning_pages_loses_and_doubles_nothing(records: RecordsSql) -> None:
    for number in range(23):
        records.add_run(a_run(id=f"run-{number:02}", created_at=float(number // 5)))
    seen: list[str] = []
    before = None
    while page := records.runs(RunFilter(limit=4, before=before)):
        seen += [run.id for run in page]
        before = (page[-1].created_at, page[-1].id)
        if len(seen) == 8:
            records.add_run(a_run(id="late", created_at=100.0))  # what comes meanwhile is on an earlier page
    assert seen == [f"run-{number:02}" for number in reversed(range(23))]


# changes


def test_a_change_is_made_and_comes_back(records: RecordsSql, database: Database) -> None:
    run = claimed(records, added(records))
    changed = records.change(run, cell=1, cells=2, reason="so far")
    assert (changed.cell, changed.cells, changed.reason) == (1, 2, "so far")
    assert changed == records.run(run.id)
    live = records.change(changed, status=Status.RUNNING)
    assert live.started_at is not None
    assert abs(live.started_at - records.now()) < 5
    error = RunError("ValueError", "no such year", 2)
    ended = records.change(live, status=Status.FAILED, reason="It failed.", error=error, peak_memory_bytes=5)
    assert ended == records.run(run.id)
    assert (ended.status, ended.reason, ended.error, ended.peak_memory_bytes) == (
        Status.FAILED,
        "It failed.",
        error,
        5,
    )
    assert ended.finished_at is not None
    assert ended.finished_at >= live.started_at
    assert ended.worker is None
    assert history(database, run) == [
        ("queued", 1, 0),
        ("starting", 1, 1),
        ("running", 1, 1),
        ("failed", 1, 1),
    ]


@pytest.mark.parametrize(
    "stale",
    [{"fence": 0}, {"fence": 2}, {"attempt": 2}, {"status": Status.STARTING}, {"id": "nosuchrun"}],
    ids=str,
)
def test_whoever_has_an_old_view_is_refused(records: RecordsSql, stale: dict[str, Any]) -> None:
    run = running(records)
    with pytest.raises(FenceLost):
        records.change(replace(run, **stale), reason="mine")
    assert records.run(run.id) == run


def test_the_table_of_statuses_guards(records: RecordsSql, database: Database) -> None:
    ended = records.change(running(records), status=Status.SUCCEEDED, reason="x")
    for status in Status:
        if status is not Status.SUCCEEDED:
            with pytest.raises(Conflict):
                records.change(ended, status=status)
    assert records.run(ended.id) == ended
    assert len(history(database, ended)) == 4


def test_one_of_many_changes_at_once_wins(records: RecordsSql, database: Database) -> None:
    run = running(records)
    answers = at_once(8, lambda number: records.change(run, status=Status.FAILED, reason=str(number)))
    assert sum(isinstance(answer, Run) for answer in answers) == 1
    assert sum(isinstance(answer, FenceLost) for answer in answers) == 7
    assert [entry[0] for entry in history(database, run)].count("failed") == 1


def test_the_next_attempt(records: RecordsSql, database: Database) -> None:
    run = running(records)
    again = records.change(run, status=Status.QUEUED, attempt=2, worker=None, started_at=None)
    assert (again.status, again.attempt, again.started_at, again.finished_at) == (
        Status.QUEUED,
        2,
        None,
        None,
    )
    second = records.change(claimed(records, again, "two"), status=Status.RUNNING)
    assert (second.attempt, second.fence, second.worker) == (2, 2, "two")
    assert second.started_at is not None
    with pytest.raises(FenceLost):
        records.change(run, reason="the first one's worker is still there")
    assert history(database, run)[-3:] == [("queued", 2, 1), ("starting", 2, 2), ("running", 2, 2)]


# cancelling


def test_a_queued_run_is_cancelled_at_once(records: RecordsSql, database: Database) -> None:
    run = added(records)
    cancelled = records.request_cancel(run.id, "root")
    assert cancelled is not None
    assert (cancelled.status, cancelled.reason) == (Status.CANCELLED, "Cancelled by root before it started.")
    assert cancelled.finished_at is not None
    assert cancelled == records.run(run.id)
    assert records.claim(run.id, "one") is None
    assert history(database, run) == [("queued", 1, 0), ("cancelled", 1, 0)]


@pytest.mark.parametrize("status", [Status.STARTING, Status.RUNNING])
def test_a_live_run_is_marked_and_its_worker_goes_on(records: RecordsSql, status: Status) -> None:
    run = claimed(records, added(records))
    if status is Status.RUNNING:
        run = records.change(run, status=Status.RUNNING)
    marked = records.request_cancel(run.id, "ada")
    assert marked is not None
    assert (marked.status, marked.cancelled_by) == (status, "ada")
    assert marked.cancel_requested_at is not None
    again = records.request_cancel(run.id, "root")
    assert again == marked, "the first wish counts"
    assert records.change(run, cell=1).cancelled_by == "ada", "the worker's view is not stale for that"


def test_cancelling_what_is_over_or_not_there(records: RecordsSql) -> None:
    ended = records.change(running(records), status=Status.SUCCEEDED, reason="x")
    assert records.request_cancel(ended.id, "ada") == ended
    assert records.request_cancel("nosuchrun", "ada") is None
