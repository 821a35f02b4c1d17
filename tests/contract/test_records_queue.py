"""What every Records does with the queue: offers, claims, leases, signs of life."""

from __future__ import annotations

import time

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.errors import FenceLost
from nightdesk.server.domain.run import Run, Status

from .on_record import added, at_once, claimed, history, running
from .runs import a_run

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
