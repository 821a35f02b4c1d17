"""What every Records does. Run here against SQLite, the one database this version serves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from nightdesk.server.adapters import database as database_module
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schema import changes, metadata
from nightdesk.server.domain.environment import Kernel
from nightdesk.server.domain.errors import Conflict, FenceLost, Unavailable
from nightdesk.server.domain.run import Output, Run, RunError, Status
from nightdesk.server.ports.records import LogChunk, RunFilter
from sqlalchemy import inspect, select

from .runs import a_run, a_version


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/records.db")
    made.migrate()
    yield made
    made.engine.dispose()


@pytest.fixture
def records(database: Database) -> RecordsSql:
    return RecordsSql(database)


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


def claimed(records: RecordsSql, run: Run, worker: str = "one", lease_seconds: float = 20) -> Run:
    """The run in a worker's hands."""
    taken = records.claim(run.id, worker, lease_seconds)
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
        retries=3,
        input_sha256="0" * 64,
        files_count=7,
        status=Status.FAILED,
        reason="It failed.",
        error=RunError("ValueError", "no such year", 2),
        attempt=2,
        fence=5,
        worker="one",
        lease_until=1.5,
        offered_at=2.5,
        cancel_requested_at=3.5,
        cancelled_by="ada",
        cell=3,
        cells=7,
        started_at=4.5,
        finished_at=5.5,
        peak_memory_bytes=2**40,
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
    assert (ended.worker, ended.lease_until) == (None, None)
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
    again = records.change(
        run, status=Status.QUEUED, attempt=2, worker=None, lease_until=None, started_at=None
    )
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
    assert records.claim(run.id, "one", 20) is None
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


# the queue


def test_one_of_many_claims_at_once_wins(records: RecordsSql, database: Database) -> None:
    run = added(records)
    answers = at_once(10, lambda number: records.claim(run.id, f"worker-{number}", 20))
    (winner,) = [answer for answer in answers if answer is not None]
    assert isinstance(winner, Run)
    assert (winner.status, winner.fence, winner.offered_at) == (Status.STARTING, 1, None)
    assert winner.lease_until is not None
    assert 15 < winner.lease_until - records.now() <= 20
    assert winner == records.run(run.id)
    assert history(database, run) == [("queued", 1, 0), ("starting", 1, 1)]


@pytest.mark.parametrize("live", [Status.STARTING, Status.RUNNING])
def test_a_lease_that_is_over_is_anybody_s(records: RecordsSql, database: Database, live: Status) -> None:
    run = claimed(records, added(records), "one", lease_seconds=0.05)
    if live is Status.RUNNING:
        run = records.change(run, status=Status.RUNNING)
    assert records.claim("nosuchrun", "two", 20) is None
    while records.orphans() == []:
        time.sleep(0.01)
    assert records.orphans() == [run.id]
    taken = records.claim(run.id, "two", 20)
    assert taken is not None
    assert (taken.status, taken.worker, taken.fence) == (live, "two", 2)
    assert taken.started_at == run.started_at
    assert records.orphans() == []
    assert records.claim(run.id, "three", 20) is None
    with pytest.raises(FenceLost):
        records.change(run, reason="the old worker is back")
    assert history(database, run)[-1] == (live.value, 1, 2)


@pytest.mark.parametrize("final", [status for status in Status if status.final])
def test_what_is_over_is_nobody_s_any_more(records: RecordsSql, final: Status) -> None:
    ended = records.change(running(records), status=final, reason="x")
    assert records.claim(ended.id, "two", 20) is None
    assert records.orphans() == []
    assert records.renew("one", [ended.id], 20) == []
    assert records.held("one") == []


def test_leases(records: RecordsSql) -> None:
    mine, other, queued = running(records, id="mine"), added(records, id="other"), added(records, id="queued")
    claimed(records, other, "two")
    (renewed,) = records.renew("one", ["mine", "other", "queued", "nosuchrun"], 40)
    assert renewed.id == "mine"
    assert renewed.lease_until is not None
    assert renewed.lease_until - records.now() > 35
    assert [run.id for run in records.held("one")] == ["mine"]
    assert records.renew("one", [], 40) == []
    assert records.change(mine, cell=1).lease_until == renewed.lease_until
    records.beat("one", 2)
    assert records.let_go("one") == ["mine"]
    assert records.orphans() == ["mine"]
    assert records.held("one") == []
    assert records.renew("one", ["mine"], 40) == [], "who let go has it no more"
    left = records.run("mine")
    assert left is not None
    assert (left.worker, left.status) == (None, Status.RUNNING)
    assert records.let_go("nobody") == []
    assert records.run(queued.id) == queued


def test_a_lease_that_ran_out_is_renewed_while_nobody_took_the_run(records: RecordsSql) -> None:
    run = claimed(records, added(records), lease_seconds=-1)
    assert records.orphans() == [run.id]
    assert len(records.renew("one", [run.id], 20)) == 1
    assert records.orphans() == []


def test_signs_of_life(records: RecordsSql) -> None:
    assert records.workers() == []
    records.beat("one", 2)
    records.beat("two", 3)
    records.beat("one", 4)
    seen = {worker.name: worker for worker in records.workers()}
    assert {name: worker.slots for name, worker in seen.items()} == {"one": 4, "two": 3}
    assert abs(seen["one"].seen_at - records.now()) < 5
    records.let_go("one")
    assert {worker.name: worker.seen_at for worker in records.workers()}["one"] == 0


def test_offers(records: RecordsSql) -> None:
    for number in range(5):
        added(records, id=f"run-{number}", created_at=100.0 - number)
    assert records.offer(30, 10) == [], "no worker is alive"
    records.beat("one", 3)
    assert records.offer(30, 10) == ["run-4", "run-3", "run-2"], "oldest first"
    assert records.offer(30, 10) == []
    claimed(records, a_run(id="run-4"))
    assert records.offer(30, 10) == [], "what is going on takes a slot"
    assert records.offer(30, -1) == ["run-3", "run-2"], (
        "what was not taken is offered again, and only for free slots"
    )
    assert records.offer(0, -1) == []


def test_no_run_is_offered_twice_at_once(records: RecordsSql) -> None:
    for number in range(20):
        added(records, id=f"run-{number}")
    records.beat("one", 10)
    answers = at_once(6, lambda _number: records.offer(30, 10))
    offered = [run_id for answer in answers for run_id in answer]
    assert len(offered) == len(set(offered)) == 10


def test_places_in_the_queue(records: RecordsSql) -> None:
    runs = [added(records, id=f"run-{number}", created_at=float(number // 2)) for number in range(4)]
    assert [records.queue_position(run) for run in runs] == [0, 1, 2, 3]
    claimed(records, runs[1])
    assert [records.queue_position(run) for run in runs] == [0, 1, 1, 2]


# log


def pieces(*texts: str, first: int = 1, start: int = 0) -> list[LogChunk]:
    """Log pieces that follow each other."""
    made = []
    for number, text in enumerate(texts, first):
        made.append(LogChunk(number * 3, start, "stdout", 1, text))
        start += len(text)
    return made


def test_a_log_is_appended_to(records: RecordsSql) -> None:
    run = running(records)
    assert records.log(run) == []
    assert records.log_end(run) == (0, 0)
    first, second = pieces("one\n", "zwö 😀\n"), [LogChunk(9, 10, "stderr", None, "three")]
    records.add_log(run, first)
    assert records.log_end(run) == (6, 10)
    records.add_log(run, first)
    records.add_log(run, [*first, *second])
    records.add_log(run, [])
    assert records.log(run) == first + second
    assert records.log_end(run) == (9, 15)
    assert records.log(run, start=10) == second
    assert records.log(run, start=4, limit=1) == first[1:]
    assert records.log(run, start=16) == []


def test_what_is_there_is_left_as_it_is(records: RecordsSql) -> None:
    run = running(records)
    records.add_log(run, pieces("one\n"))
    records.add_log(run, pieces("another\n"))
    assert records.log(run) == pieces("one\n")


def test_two_writers_of_the_same_log_double_nothing(records: RecordsSql) -> None:
    run = running(records)
    whole = pieces(*[f"{number}\n" for number in range(200)])

    def write(_number: int) -> None:
        for index in range(0, 200, 10):
            records.add_log(run, whole[index : index + 10])

    assert at_once(4, write) == [None] * 4
    assert records.log(run) == whole


def test_attempts_have_logs_of_their_own(records: RecordsSql) -> None:
    run = running(records)
    second = replace(run, attempt=2)
    records.add_log(run, pieces("one\n"))
    records.add_log(second, pieces("two\n"))
    assert (records.log(run), records.log(second)) == (pieces("one\n"), pieces("two\n"))
    assert records.log_end(second) == (3, 4)


def test_any_text_keeps_its_length(records: RecordsSql) -> None:
    run = running(records)
    for number, text in enumerate(
        ["nul \x00 in it", "😀" * 3, "e\u0301", "\u202e", "\r\n", "x" * 100_000, "\x1b[31m"], 1
    ):
        start = records.log_end(run)[1]
        records.add_log(run, [LogChunk(number, start, "stdout", None, text)])
        assert records.log_end(run) == (number, start + len(text))
    assert records.log(run)[0].text == "nul \ufffd in it"


def test_logs_of_runs_that_ended_long_ago_are_forgotten(records: RecordsSql) -> None:
    ended = running(records, id="ended")
    records.add_log(ended, pieces("one\n", "two\n"))
    ended = records.change(ended, status=Status.SUCCEEDED, reason="x")
    live = running(records, id="live")
    records.add_log(live, pieces("one\n"))
    assert records.drop_logs(records.now() - 60) == 0
    assert records.drop_logs(records.now() + 60) == 2
    assert records.log(ended) == []
    assert records.log(live) == pieces("one\n")


# outputs


def test_outputs_are_those_of_the_current_attempt(records: RecordsSql) -> None:
    run = running(records, id="a")
    table, log = Output("tables/ü 😀\n.csv", 2**40, "1" * 64), Output("log.txt", 0, "2" * 64)
    records.set_outputs(run, [table, log])
    records.set_outputs(running(records, id="b"), [log])
    assert records.outputs(["a", "b", "nosuchrun"]) == {"a": [log, table], "b": [log], "nosuchrun": []}
    records.set_outputs(run, [log])
    assert records.outputs(["a"]) == {"a": [log]}
    assert records.outputs([]) == {}
    again = records.change(run, status=Status.QUEUED, attempt=2)
    assert records.outputs(["a"]) == {"a": []}
    records.set_outputs(again, [table])
    assert records.outputs(["a"]) == {"a": [table]}
    records.set_outputs(again, [])
    assert records.outputs(["a"]) == {"a": []}


# environments


def test_versions_are_registered_once(records: RecordsSql) -> None:
    kernels = (Kernel("python3", "Python 3", "python"), Kernel("ir", "R", "R"))
    version = a_version("python-data", "2026.11.1", "stable", kernels=kernels, packages=(("numpy", "2.3.1"),))
    assert records.add_version(version) is True
    assert records.add_version(version) is False
    assert records.versions() == [replace(version, packages=())]
    assert records.packages(version.digest) == [("numpy", "2.3.1")]
    assert records.packages("sha256:none") == []
    with pytest.raises(Conflict, match=r"python-data:2026\.11\.1 stays the image on record"):
        records.add_version(replace(version, digest="sha256:" + "2" * 64))
    assert records.versions()[0].digest == version.digest


def test_newest_first(records: RecordsSql) -> None:
    for name in ("2026.9.3", "2026.10.1", "2026.10.1.rc1", "2026.10.12"):
        records.add_version(a_version("python-data", name, digest=f"sha256:{name}"))
    records.add_version(a_version("r-stats", "1", created_at=1_800_000_000.0))
    labels = [version.label for version in records.versions()]
    assert labels[0] == "r-stats:1"
    assert labels[1] == "python-data:2026.10.12"
    assert labels[-1] == "python-data:2026.9.3"


def test_a_channel_points_at_the_version_that_took_it_last(records: RecordsSql) -> None:
    records.add_version(a_version("python-data", "1", "stable", digest="sha256:1"))
    records.add_version(a_version("r-stats", "1", "stable", digest="sha256:3"))
    records.add_version(
        a_version("python-data", "2", "stable", digest="sha256:2", created_at=1_800_000_000.0)
    )
    assert {version.label: version.channels for version in records.versions()} == {
        "python-data:1": (),
        "python-data:2": ("stable",),
        "r-stats:1": ("stable",),
    }


# many at once, and a database that does not answer


def test_twenty_writers_wait_for_each_other(records: RecordsSql) -> None:
    def work(number: int) -> str:
        run = running(records, id=f"run-{number}")
        for cell in range(5):
            run = records.change(run, cell=cell, cells=5)
            records.add_log(run, [LogChunk(cell + 1, cell, "stdout", cell, "x")])
            records.beat(f"worker-{number}", 1)
        return records.change(run, status=Status.SUCCEEDED, reason="x").status.value

    assert at_once(20, work) == ["succeeded"] * 20
    assert all(records.log_end(run) == (5, 5) for run in records.runs(RunFilter(limit=100)))


def test_what_fails_half_way_leaves_nothing(records: RecordsSql, database: Database) -> None:
    run = running(records)

    def fail() -> None:
        with database.writing() as connection:
            connection.exec_driver_sql("update runs set reason = 'half'")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert records.run(run.id) == run


def test_a_lock_that_is_held_too_long_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0.1)
    database = Database(f"sqlite:///{tmp_path}/records.db")
    database.migrate()
    records = RecordsSql(database)
    run = added(records)
    with database.writing() as connection:
        connection.exec_driver_sql("update runs set reason = 'held'")
        for write in (
            lambda: records.claim(run.id, "one", 20),
            lambda: records.add_run(a_run(id="other")),
            lambda: records.request_cancel(run.id, "ada"),
            lambda: records.beat("one", 1),
        ):
            with pytest.raises(Unavailable) as caught:
                write()
            assert caught.value.message == "the database does not answer"
            assert caught.value.hint == "Nothing was changed; try again in a moment."
        assert records.run(run.id) == run, "readers do not wait, and see what was there before"
    assert records.claim(run.id, "one", 20) is not None
    database.engine.dispose()


def test_more_askers_than_connections_are_told_in_words(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/records.db")
    database.migrate()
    database.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    held = [database.engine.connect() for _ in range(40)]
    with pytest.raises(Unavailable, match="the database is too busy"):
        RecordsSql(database).now()
    for connection in held:
        connection.close()
    assert RecordsSql(database).now()
    database.engine.dispose()


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/records.db")
    with pytest.raises(Unavailable, match="the database does not answer"):
        RecordsSql(database).now()
    database.engine.dispose()


# tables


def test_migrations_give_the_tables_that_the_code_knows(database: Database) -> None:
    with database.reading() as connection:
        found = inspect(connection)
        tables = set(found.get_table_names()) - {"alembic_version"}
        assert tables == set(metadata.tables)
        for name, table in metadata.tables.items():
            assert {column["name"] for column in found.get_columns(name)} == {
                column.name for column in table.columns
            }
            nullable = {column["name"]: column["nullable"] for column in found.get_columns(name)}
            assert nullable == {column.name: column.nullable for column in table.columns}
            assert {index["name"] for index in found.get_indexes(name)} == {
                index.name for index in table.indexes
            }
            primary = set(found.get_pk_constraint(name)["constrained_columns"])
            assert primary == {column.name for column in table.primary_key}
        unique = {constraint["name"] for constraint in found.get_unique_constraints("runs")}
        assert unique == {"runs_owner_key"}


def test_whoever_migrates_second_waits_for_the_first(tmp_path: Path) -> None:
    """api and worker start at the same time."""
    databases = [Database(f"sqlite:///{tmp_path}/records.db") for _ in range(4)]
    assert at_once(4, lambda number: databases[number].migrate()) == [None] * 4
    databases[0].migrate()
    records = RecordsSql(databases[3])
    run = added(records)
    assert RecordsSql(databases[1]).run(run.id) == run
    for database in databases:
        database.engine.dispose()


def test_an_accepted_run_survives_a_power_cut(database: Database) -> None:
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
