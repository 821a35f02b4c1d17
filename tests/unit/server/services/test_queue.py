"""Queue and offers: the database chooses for the free slots, the bell only wakes."""

from __future__ import annotations

from collections.abc import Callable

from nightdesk.server.domain.run import Run, Status
from nightdesk.server.services.lookout import Lookout
from nightdesk.server.services.queue import dispatch
from nightdesk.server.services.sweep import sweep

from ..workbench import ADA, BOB, Bench
from .watching import until


def queued(bench: Bench, count: int) -> list[Run]:
    """So many runs, in the order of their arrival."""
    return [bench.submit(person=(ADA, BOB)[number % 2]) for number in range(count)]


def offer(bench: Bench) -> list[str]:
    """Whom a dispatch rings for."""
    before = len(bench.bell.rings)
    assert dispatch(bench.parts) == [], "the bell brought them all"
    return bench.bell.rings[before:]


def test_oldest_first_and_no_more_than_there_are_slots(bench: Bench) -> None:
    runs = queued(bench, 5)
    bench.records.beat("one", 2, 2**40)
    bench.records.beat("two", 1, 2**40)
    assert offer(bench) == [run.id for run in runs[:3]]
    assert offer(bench) == [], "they were offered just now"


def test_what_is_going_on_takes_a_slot(bench: Bench) -> None:
    runs = queued(bench, 3)
    bench.records.beat("one", 2, 2**40)
    bench.records.claim(runs[1].id, "one")
    assert offer(bench) == [runs[0].id]
    bench.records.claim(runs[0].id, "one")
    assert offer(bench) == []
    run = bench.run(runs[0])
    bench.records.change(
        bench.records.change(run, status=Status.RUNNING), status=Status.SUCCEEDED, reason="x"
    )
    assert offer(bench) == [runs[2].id]


def test_without_a_worker_alive_nothing_is_offered(bench: Bench) -> None:
    queued(bench, 2)
    assert offer(bench) == []
    bench.records.beat("one", 2, 2**40)
    with bench.database.writing() as connection:
        connection.exec_driver_sql("update workers set seen_at = seen_at - 31")
    assert offer(bench) == []
    bench.records.beat("one", 2, 2**40)
    assert len(offer(bench)) == 2


def test_a_worker_that_left_has_no_slots(bench: Bench) -> None:
    queued(bench, 1)
    bench.records.beat("one", 2, 2**40)
    bench.records.let_go("one")
    assert offer(bench) == []


def test_what_nobody_picked_up_is_offered_again(bench: Bench) -> None:
    runs = queued(bench, 2)
    bench.records.beat("one", 2, 2**40)
    assert len(offer(bench)) == 2
    bench.set_runs(offered_at=bench.records.now() - 11)
    assert offer(bench) == [run.id for run in runs]


def test_an_offer_that_was_taken_is_not_repeated(bench: Bench) -> None:
    (run,) = queued(bench, 1)
    bench.records.beat("one", 5, 2**40)
    offer(bench)
    bench.records.claim(run.id, "one")
    bench.set_runs(offered_at=0)
    assert offer(bench) == []


def test_a_bell_out_of_reach_keeps_nothing_from_running(bench: Bench) -> None:
    """The worker that sweeps takes what it could not ring for."""
    (run,) = queued(bench, 1)
    bench.records.beat("one", 1, 2**40)
    bench.bell.broken = True
    sweep(bench.parts, bench.supervisor("one"), Lookout())
    until(lambda: bench.run(run).status is Status.SUCCEEDED, "it runs")
    assert bench.bell.rings == []


def test_cancelled_runs_are_not_offered(bench: Bench) -> None:
    first, second = queued(bench, 2)
    bench.records.beat("one", 1, 2**40)
    bench.records.request_cancel(first.id, "ada")
    assert offer(bench) == [second.id]


def test_ten_messages_for_one_run_are_one_claim(benches: Callable[..., Bench]) -> None:
    bench = benches()
    (run,) = queued(bench, 1)
    claims = [bench.records.claim(run.id, f"worker-{number}") for number in range(10)]
    assert [claim is not None for claim in claims] == [True] + [False] * 9
    assert bench.history(run) == ["queued", "starting"]
