"""What every Records does with the queue: offers, claims, adoptions, signs of life."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.sections import Limits
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.errors import FenceLost
from nightdesk.server.domain.policy import Policies
from nightdesk.server.domain.run import Priority, Run, Status
from nightdesk.server.ports.records import LogChunk

from .on_record import added, at_once, claimed, history, running
from .runs import a_run

MEMORY = 2**40
NO_LIMITS = Policies()


def offer(records: RecordsSql, limits: Policies = NO_LIMITS, again_seconds: float = 10) -> list[str]:
    """The ids that are offered now."""
    return records.offer(limits, 30, again_seconds)


def why(records: RecordsSql, *run_ids: str, limits: Policies = NO_LIMITS) -> dict[str, str]:
    """Why these wait."""
    line = records.line(30)
    return {run_id: line.reason(run_id, limits) for run_id in run_ids if run_id in line}


# claims and adoptions


def test_one_of_many_claims_at_once_wins(records: RecordsSql, database: Database) -> None:
    run = added(records)
    answers = at_once(10, lambda number: records.claim(run.id, f"worker-{number}"))
    (winner,) = [answer for answer in answers if answer is not None]
    assert isinstance(winner, Run)
    assert (winner.status, winner.fence, winner.offered_at) == (Status.STARTING, 1, None)
    assert winner == records.run(run.id)
    assert history(database, run) == [("queued", 1, 0), ("starting", 1, 1)]


@pytest.mark.parametrize("live", [Status.STARTING, Status.RUNNING])
def test_a_run_of_a_worker_that_is_gone_is_anybody_s(
    records: RecordsSql, database: Database, live: Status
) -> None:
    run = claimed(records, added(records), "one")
    if live is Status.RUNNING:
        run = records.change(run, status=Status.RUNNING)
    assert records.orphans({"one"}) == []
    assert records.orphans({"two"}) == [run]
    taken = records.adopt(run, "two", None)
    assert taken is not None
    assert (taken.status, taken.worker, taken.fence) == (live, "two", 2)
    assert taken.started_at == run.started_at
    assert records.orphans({"two"}) == []
    assert records.adopt(run, "three", None) is None, "it is the second worker's now"
    assert history(database, run)[-1] == (live.value, 1, 2)


def test_who_lost_a_run_can_write_nothing_of_it(records: RecordsSql) -> None:
    run = running(records)
    assert records.adopt(run, "two", None) is not None
    for write in (
        lambda: records.change(run, reason="the old worker is back"),
        lambda: records.add_log(run, [LogChunk(1, 0, "stdout", 1, "late")]),
        lambda: records.set_outputs(run, []),
    ):
        with pytest.raises(FenceLost):
            write()
    records.release(run)
    assert records.held("two") != [], "nor give away what it has no more"


def test_one_of_many_adopts(records: RecordsSql) -> None:
    run = running(records)
    answers = at_once(8, lambda number: records.adopt(run, f"worker-{number}", None))
    assert len([answer for answer in answers if answer is not None]) == 1


def test_a_worker_that_moves_again_in_the_last_moment_keeps_its_run(records: RecordsSql) -> None:
    records.beat("one", 1, MEMORY)
    run = running(records)
    (seen,) = records.workers()
    records.beat("one", 1, MEMORY)
    assert records.adopt(run, "two", seen.beat) is None
    assert records.adopt(run, "two", seen.beat + 1) is not None


def test_an_adoption_beside_a_sign_of_life_is_one_or_the_other(records: RecordsSql) -> None:
    records.beat("one", 1, MEMORY)
    run = running(records)
    (seen,) = records.workers()
    works: list[Any] = [
        lambda: records.beat("one", 1, MEMORY),
        lambda: records.adopt(run, "two", seen.beat),
    ]
    at_once(2, lambda number: works[number]())
    (held,) = records.held("one") or records.held("two")
    assert held.fence in {1, 2}


@pytest.mark.parametrize("final", [status for status in Status if status.final])
def test_what_is_over_is_nobody_s_any_more(records: RecordsSql, final: Status) -> None:
    ended = records.change(running(records), status=final, reason="x")
    assert records.claim(ended.id, "two") is None
    assert records.orphans(set()) == []
    assert records.adopt(ended, "two", None) is None
    assert records.held("one") == []


def test_what_a_worker_holds_and_lets_go(records: RecordsSql) -> None:
    running(records, id="mine")
    queued = added(records, id="queued")
    claimed(records, added(records, id="other"), "two")
    assert [run.id for run in records.held("one")] == ["mine"]
    records.beat("one", 2, MEMORY)
    records.let_go("one")
    assert [run.id for run in records.orphans({"one", "two"})] == ["mine"], "nobody need wait for its silence"
    assert records.held("one") == []
    assert records.workers() == []
    left = records.run("mine")
    assert left is not None
    assert (left.worker, left.status) == (None, Status.RUNNING)
    records.let_go("nobody")
    assert records.run(queued.id) == queued


def test_a_released_run_is_anybody_s(records: RecordsSql) -> None:
    run = running(records)
    records.release(run)
    assert [orphan.id for orphan in records.orphans({"one"})] == [run.id]


def test_signs_of_life(records: RecordsSql) -> None:
    assert records.workers() == []
    records.beat("one", 2, 100)
    records.beat("two", 3, 200)
    records.beat("one", 4, 300)
    seen = {worker.name: worker for worker in records.workers()}
    assert {name: (worker.slots, worker.memory_bytes, worker.beat) for name, worker in seen.items()} == {
        "one": (4, 300, 2),
        "two": (3, 200, 1),
    }
    assert abs(seen["one"].seen_at - records.now()) < 5
    records.forget_workers(records.now() - 60)
    assert len(records.workers()) == 2
    records.forget_workers(records.now() + 60)
    assert records.workers() == []


# offers


def test_offers(records: RecordsSql) -> None:
    for number in range(5):
        added(records, id=f"run-{number}", created_at=100.0 - number)
    assert offer(records) == [], "no worker is there"
    records.beat("one", 3, MEMORY)
    assert offer(records) == ["run-4", "run-3", "run-2"], "oldest first"
    assert offer(records) == []
    claimed(records, a_run(id="run-4"))
    assert offer(records) == [], "what is going on takes a slot"
    again = offer(records, again_seconds=-1)
    assert again == ["run-3", "run-2"], "what was not taken is offered again, and only for free slots"
    assert records.offer(NO_LIMITS, 0, -1) == []


@pytest.mark.parametrize(
    ("ago", "count", "offered"), [(0.0, 30, 0), (0.9, 30, 0), (1.1, 30, 4), (-60.0, 30, 4), (0.0, 29, 4)]
)
def test_while_submits_storm_in_no_run_is_started(
    records: RecordsSql,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    ago: float,
    count: int,
    offered: int,
) -> None:
    clock = [1_790_000_000.0]
    monkeypatch.setattr(database, "now", lambda _connection: clock[0])
    for number in range(count):
        added(records, id=f"run-{number}", owner=f"p{number}", created_at=clock[0] - ago)
    records.beat("one", 4, MEMORY)
    assert len(offer(records)) == offered
    clock[0] += 2
    assert len(offer(records)) == 4 - offered, "it is over: all slots are used"


def test_a_storm_that_lasts_leaves_runs_half_of_the_slots(
    records: RecordsSql, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1_790_000_000.0
    monkeypatch.setattr(database, "now", lambda _connection: clock)
    for number in range(60):
        added(records, id=f"run-{number}", owner=f"p{number}", created_at=clock - (number % 2) * 10.5)
    records.beat("one", 4, MEMORY)
    assert len(offer(records)) == 2


def test_no_run_is_offered_twice_at_once(records: RecordsSql) -> None:
    for number in range(20):
        added(records, id=f"run-{number}")
    records.beat("one", 10, MEMORY)
    answers = at_once(6, lambda _number: offer(records))
    offered = [run_id for answer in answers for run_id in answer]
    assert len(offered) == len(set(offered)) == 10


def test_somebody_s_first_run_stands_before_another_s_second(records: RecordsSql) -> None:
    for number in range(200):
        added(records, id=f"ada-{number:03}", created_at=float(number))
    added(records, id="bob-1", owner="bob", created_at=1000.0)
    added(records, id="eve-1", owner="eve", created_at=1001.0)
    assert why(records, "bob-1", "eve-1", "ada-001") == {
        "bob-1": "no worker is there: it starts when one is back; 1 ahead",
        "eve-1": "no worker is there: it starts when one is back; 2 ahead",
        "ada-001": "no worker is there: it starts when one is back; 3 ahead",
    }
    records.beat("one", 4, MEMORY)
    assert offer(records) == ["ada-000", "bob-1", "eve-1", "ada-001"]


def test_what_goes_on_counts_for_whose_turn_it_is(records: RecordsSql) -> None:
    for number in range(3):
        claimed(records, added(records, id=f"busy-{number}"))
    added(records, id="ada-next", created_at=1.0)
    added(records, id="bob-1", owner="bob", created_at=2.0)
    records.beat("one", 4, MEMORY)
    assert offer(records) == ["bob-1"]
    assert why(records, "ada-next") == {"ada-next": "waiting for a slot: 1 ahead"}, "bob's is not claimed yet"


def test_short_runs_hold_up_nobodys_first_although_none_of_them_goes_on(records: RecordsSql) -> None:
    """One slot, or others that are taken for long: each of hers is over when the next one is chosen."""
    now = records.now()
    for number in range(3):
        added(records, id=f"ada-{number}", created_at=now - 100 + number)
    added(records, id="bob-1", owner="bob", created_at=now - 50)
    records.beat("one", 1, MEMORY)
    assert offer(records) == ["ada-0"]
    first = records.run("ada-0")
    assert first is not None
    run = records.change(claimed(records, first), status=Status.RUNNING)
    records.change(run, status=Status.SUCCEEDED, reason="The cell ran.")
    assert why(records, "bob-1", "ada-1") == {"bob-1": "next in line", "ada-1": "waiting for a slot: 1 ahead"}
    assert offer(records) == ["bob-1"]


def test_priorities(records: RecordsSql) -> None:
    for number, priority in enumerate([Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.URGENT]):
        added(records, id=f"ada-{priority}", priority=priority, created_at=float(number))
    added(records, id="bob-normal", owner="bob", created_at=10.0)
    records.beat("one", 5, MEMORY)
    assert offer(records) == ["ada-urgent", "bob-normal", "ada-high", "ada-normal", "ada-low"], (
        "urgent before all; somebody's high before their normal, and never before another's first"
    )


def test_limits_of_people_and_groups(records: RecordsSql) -> None:
    limits = Policies.of([], Limits(person=2, people={"bob": 1}, groups={"analysts": 3}))
    for number in range(3):
        added(records, id=f"ada-{number}", groups=("analysts",), created_at=float(number))
        added(records, id=f"bob-{number}", owner="bob", created_at=10.0 + number)
        added(records, id=f"eve-{number}", owner="eve", groups=("analysts", "x"), created_at=20.0 + number)
    records.beat("one", 9, MEMORY)
    assert offer(records, limits) == ["ada-0", "bob-0", "eve-0", "ada-1"]
    for run_id in ("ada-0", "bob-0", "eve-0", "ada-1"):
        assert records.claim(run_id, "one") is not None
    assert offer(records, limits) == []
    words = why(records, "ada-2", "bob-1", "eve-1", limits=limits)
    assert words["ada-2"].startswith("your limit of 2 is reached; ")
    assert words["bob-1"].startswith("your limit of 1 is reached")
    assert words["eve-1"].startswith("the limit of 3 of group analysts is reached")


def test_memory_is_not_given_twice_and_large_runs_are_not_passed_by_for_ever(records: RecordsSql) -> None:
    for number, memory in enumerate([6, 6, 1]):
        added(records, id=f"run-{number}", owner=f"person-{number}", memory_bytes=memory * 2**30)
    records.beat("one", 4, 10 * 2**30)
    assert offer(records) == ["run-0"], "the second does not fit, and the third does not overtake it"
    assert records.claim("run-0", "one") is not None
    assert why(records, "run-1") == {"run-1": "waiting for memory: it may use 6 GB, 4 GB are free"}
    added(records, id="alone", memory_bytes=20 * 2**30, priority=Priority.URGENT)
    run = records.run("run-0")
    assert run is not None
    records.change(records.change(run, status=Status.RUNNING), status=Status.SUCCEEDED, reason="x")
    assert offer(records) == ["alone"], "what no machine can hold runs alone"


def test_a_run_that_backs_off_is_neither_offered_nor_claimed(records: RecordsSql) -> None:
    run = added(records, not_before=records.now() + 60)
    records.beat("one", 1, MEMORY)
    assert offer(records) == []
    assert records.claim(run.id, "one") is None
    assert why(records, run.id) == {}
    over = added(records, id="over", not_before=records.now() - 1)
    assert offer(records) == [over.id]


def test_how_many_somebody_has_waiting(records: RecordsSql) -> None:
    for number in range(3):
        added(records, id=f"run-{number}")
    claimed(records, a_run(id="run-0"))
    assert [records.standing(name, "x").waiting for name in ("ada", "bob")] == [2, 0]


# a clock that somebody sets


@pytest.mark.fault(24)
@pytest.mark.parametrize("jump", [-7200.0, 7200.0], ids=["back", "forward"])
def test_a_clock_that_jumps_moves_no_run(
    records: RecordsSql, database: Database, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """By two hours, either way: nothing is taken from a worker, nothing waits for hours."""
    records.beat("one", 3, MEMORY)
    live = running(records, id="live")
    added(records, id="offered")
    assert offer(records) == ["offered"]
    added(records, id="backing-off", not_before=records.now() + 30)
    before = database.now
    monkeypatch.setattr(database, "now", lambda connection: before(connection) + jump)
    assert records.orphans({"one"}) == []
    assert live.elapsed(records.now(), records.uptime()) < 60, "its time limit is not over"
    records.beat("one", 3, MEMORY)
    assert "offered" in offer(records), "what was offered before is offered again at once"
    if jump < 0:
        assert records.claim("backing-off", "one") is not None, "not in two hours and a half minute"
