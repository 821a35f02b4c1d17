"""What every Records does with sweeps: whole or not at all, once for a key, and never more of one than it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.environment import Offer
from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.policy import Policies
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.sweep import Goal, Sweep
from nightdesk.server.ports.audit import AuditFilter
from nightdesk.server.ports.records import Audience, RunFilter
from nightdesk.server.ports.sweeps import SweepFilter
from sqlalchemy.exc import IntegrityError

from .on_record import added, at_once, claimed, history
from .runs import a_run, a_version

MEMORY = 2**40


def a_sweep(**values: Any) -> Sweep:
    defaults: dict[str, Any] = {
        "id": "swpswpswpswp",
        "owner": "ada",
        "name": "train.ipynb",
        "made_by": "ada",
        "created_at": 1_790_000_000.0,
        "file": "train.ipynb",
        "kind": "grid",
        "count": 3,
        "varied": ("lr",),
        "said": "lr (3): 3 runs",
        "environment": "python-data",
        "version": "2026.11.1",
        "groups": ("team",),
        "at_most": 2,
        "metric": "accuracy",
        "goal": Goal.MIN,
        "kernel": "python3",
        "language": "python",
        "wish": {"grid": {"lr": [1, 2, 3]}},
    }
    return Sweep(**{**defaults, **values})


def made(records: RecordsSql, count: int = 3, **values: Any) -> tuple[Sweep, list[Run]]:
    sweep = a_sweep(**{"count": count, "created_at": records.now(), **values})
    runs = [
        a_run(
            id=f"{sweep.id[:8]}{place:04}",
            owner=sweep.owner,
            groups=sweep.groups,
            created_at=sweep.created_at,
            sweep_id=sweep.id,
            sweep_place=place,
            parameters={"lr": place},
        )
        for place in range(1, count + 1)
    ]
    kept, new = records.add_sweep(sweep, runs, {"source": b"a notebook", "files.tar.gz": None})
    assert (kept, new) == (sweep, True)
    return sweep, runs


def offer(records: RecordsSql, again_seconds: float = 10) -> list[str]:
    return records.offer(Policies(), 30, again_seconds)


def test_a_sweep_comes_back_as_it_was_made_with_its_runs(records: RecordsSql, database: Database) -> None:
    sweep, runs = made(records)
    assert records.sweep(sweep.id) == sweep
    assert records.runs_of_sweep(sweep.id) == runs
    assert [records.run(run.id) for run in runs] == runs
    assert history(database, runs[0]) == [("queued", 1, 0)]
    assert records.sweep("nothing") is None
    assert records.runs_of_sweep("nothing") == []
    assert records.runs(RunFilter(sweep=sweep.id)) == runs[::-1]
    assert records.runs(RunFilter(sweep=sweep.id, name="anal*", status=Status.QUEUED)) == runs[::-1]
    assert records.runs(RunFilter(sweep="another")) == []
    entries = records.entries(AuditFilter(on=sweep.id))
    assert [(entry.action, entry.by) for entry in entries] == [("sweep.made", "ada")]
    assert f"by sweep {sweep.id}" in records.entries(AuditFilter(on=runs[0].id))[0].words
    assert records.verify().broken is None


def test_it_is_whole_or_not_at_all(records: RecordsSql) -> None:
    sweep = a_sweep()
    twice = a_run(sweep_id=sweep.id, sweep_place=1)
    with pytest.raises(IntegrityError):
        records.add_sweep(sweep, [twice, replace(twice, sweep_place=2)], {"source": b"x"})
    assert records.sweep(sweep.id) is None
    assert records.runs(RunFilter()) == []
    assert records.entries(AuditFilter(on=sweep.id)) == []


def test_one_key_is_one_sweep_whoever_is_first(records: RecordsSql) -> None:
    def add(number: int) -> tuple[Sweep, bool]:
        sweep = a_sweep(id=f"sweep{number}", key="night", count=1)
        run = a_run(id=f"run{number}", sweep_id=sweep.id, sweep_place=1)
        return records.add_sweep(sweep, [run], {"source": b"x"})

    answers = at_once(8, add)
    assert sorted(new for _, new in answers) == [False] * 7 + [True]
    assert len({sweep.id for sweep, _ in answers}) == 1
    assert len(records.runs(RunFilter())) == 1
    assert records.sweep_by_key("ada", "night") == answers[0][0]
    assert records.sweep_by_key("bob", "night") is None
    assert made(records, id="of-bob-of-bob", owner="bob", key="night")


def test_nothing_is_made_for_who_is_disabled_or_in_what_was_removed(records: RecordsSql) -> None:
    records.add_version(a_version("python-data", "2026.11.1"))
    records.set_offer("python-data", "2026.11.1", Offer.REMOVED, "root")
    with pytest.raises(Conflict, match="removed"):
        made(records)
    records.shut_out("ada", "root")
    with pytest.raises(Conflict, match="disabled"):
        made(records, version="another")
    assert records.sweeps(SweepFilter()) == []


def test_what_all_get_is_kept_once_and_found_for_each(records: RecordsSql) -> None:
    sweep, runs = made(records)
    for run in runs:
        shared = records.shared_input(run.id, "source")
        assert shared is not None
        assert (shared.sweep_id, shared.content) == (sweep.id, b"a notebook")
        assert (shared.kernel, shared.language) == ("python3", "python")
        assert shared.parameters == run.parameters
        assert records.run_input(run.id, "source") is None
        assert records.shared_inputs(run.id) == ["files.tar.gz", "source"]
    stored = records.shared_input(runs[0].id, "files.tar.gz")
    assert stored is not None
    assert stored.content is None
    assert records.shared_input(runs[0].id, "prepared") is None
    alone = added(records)
    assert records.shared_input(alone.id, "source") is None
    assert records.shared_inputs(alone.id) == []


def test_lists_are_newest_first_in_pages_and_of_what_somebody_sees(records: RecordsSql) -> None:
    for number in range(5):
        owner, groups = (("ada", ("team",)), ("bob", ("lab",)))[number % 2]
        made(records, 1, id=f"sweep00{number}", owner=owner, groups=groups, created_at=float(number // 2))
    ids = [sweep.id for sweep in records.sweeps(SweepFilter())]
    assert ids == ["sweep004", "sweep003", "sweep002", "sweep001", "sweep000"]
    first = records.sweeps(SweepFilter(limit=2))
    last = first[-1]
    rest = records.sweeps(SweepFilter(before=(last.created_at, last.id)))
    assert [sweep.id for sweep in [*first, *rest]] == ids
    assert {sweep.owner for sweep in records.sweeps(SweepFilter(owner="bob"))} == {"bob"}
    assert {sweep.owner for sweep in records.sweeps(SweepFilter(seen_by=("cleo", frozenset({"lab"}))))} == {
        "bob"
    }
    assert records.sweeps(SweepFilter(seen_by=("cleo", frozenset()))) == []
    seen = records.runs(RunFilter(sweep="sweep001", seen_by=Audience("cleo", frozenset({"lab"}))))
    assert len(seen) == 1
    assert records.runs(RunFilter(sweep="sweep000", seen_by=Audience("cleo", frozenset({"lab"})))) == []


def test_of_each_set_of_parameters_the_newest_run_is_counted(records: RecordsSql) -> None:
    sweep, runs = made(records)
    claimed(records, runs[0])
    records.request_cancel(runs[1].id, "ada")
    later = {"created_at": records.now() + 1, "sweep_id": sweep.id, "sweep_place": 2}
    added(records, id="again", **later)
    assert records.counts_of_sweeps([sweep.id, "none"]) == {
        sweep.id: {"starting": 1, "queued": 2},
        "none": {},
    }
    assert records.counts_of_sweeps([]) == {}


# at most so many


def test_no_more_of_it_are_offered_than_it_says_and_the_owner_s_others_go_on(records: RecordsSql) -> None:
    records.beat("one", 8, MEMORY)
    _, runs = made(records, 20)
    other = added(records, id="other", created_at=records.now() + 0.001)
    offered = offer(records)
    assert set(offered) == {runs[0].id, runs[1].id, other.id}  # eighteen that may not stand before it
    assert offer(records) == []
    line = records.line(30)
    assert runs[2].id in line
    first = claimed(records, runs[0])
    claimed(records, runs[1])
    assert records.line(30).reason(runs[2].id, Policies()).startswith("at most 2 of its sweep run at once")
    records.change(first, status=Status.FAILED)
    assert offer(records) == [runs[2].id]


def test_an_old_offer_is_not_taken_where_the_limit_is_reached(records: RecordsSql) -> None:
    _, runs = made(records, 6, at_most=2)
    answers = at_once(6, lambda number: records.claim(runs[number].id, f"worker-{number}"))
    assert sum(answer is not None for answer in answers) == 2
    taken = next(answer for answer in answers if answer is not None)
    left = next(run for run in runs if records.run(run.id).status is Status.QUEUED)  # type: ignore[union-attr]
    assert records.claim(left.id, "late") is None
    records.change(taken, status=Status.FAILED)
    assert records.claim(left.id, "late") is not None


def test_what_a_dead_worker_had_goes_on_counting(records: RecordsSql) -> None:
    records.beat("dead", 8, MEMORY)
    _, runs = made(records, 4)
    assert len(offer(records)) == 2
    for run in runs[:2]:
        claimed(records, run, "dead")
    records.forget_workers(records.now() + 1)
    records.beat("next", 8, MEMORY)
    assert offer(records, 0) == []
    adopted = records.adopt(records.orphans({"next"})[0], "next", None)
    assert adopted is not None
    assert offer(records, 0) == []
    assert records.claim(runs[3].id, "next") is None


def test_without_a_limit_of_its_own_it_takes_every_slot(records: RecordsSql) -> None:
    records.beat("one", 3, MEMORY)
    _, runs = made(records, 5, at_most=None)
    assert offer(records) == [run.id for run in runs[:3]]


def test_nobody_waits_for_answers_to_the_runs_of_a_sweep(records: RecordsSql) -> None:
    records.beat("one", 4, MEMORY)
    made(records, 200, at_most=None)  # as many by hand within a second would be a storm
    assert len(offer(records)) == 4


# stopping


def test_the_rest_is_stopped_what_is_over_stays(records: RecordsSql) -> None:
    sweep, runs = made(records, 4)
    done = records.change(claimed(records, runs[0]), status=Status.FAILED)
    going = claimed(records, runs[1])
    assert records.stop_sweep(sweep.id, "ada", waiting_only=False) == [run.id for run in runs[1:]]
    after = {run.id: run for run in records.runs_of_sweep(sweep.id)}
    assert after[done.id].status is Status.FAILED
    assert after[going.id].status is Status.STARTING
    assert after[going.id].cancel_requested_at is not None
    assert {after[run.id].status for run in runs[2:]} == {Status.CANCELLED}
    stopped = records.sweep(sweep.id)
    assert stopped is not None
    assert stopped.stopped_by == "ada"
    actions = [entry.action for entry in records.entries(AuditFilter(on=sweep.id))]
    assert actions == ["sweep.stopped", "sweep.made"]
    records.change(records.run(going.id) or going, status=Status.CANCELLED)
    assert records.stop_sweep(sweep.id, "ada", waiting_only=False) == []  # nothing is left
    assert records.stop_sweep("nothing", "ada", waiting_only=False) == []


def test_only_what_waits_is_stopped(records: RecordsSql) -> None:
    sweep, runs = made(records)
    going = claimed(records, runs[0])
    assert records.stop_sweep(sweep.id, "ada", waiting_only=True) == [run.id for run in runs[1:]]
    now = records.run(going.id)
    assert now is not None
    assert now.cancel_requested_at is None


def test_who_takes_over_somebody_s_runs_has_their_sweeps(records: RecordsSql) -> None:
    sweep, runs = made(records, key="night")
    while records.hand_over_some("ada", "bob", ("lab",), "handed over", 2):
        pass
    moved = records.sweep(sweep.id)
    assert moved is not None
    assert (moved.owner, moved.groups, moved.key) == ("bob", ("lab",), None)
    assert {run.owner for run in records.runs_of_sweep(sweep.id)} == {"bob"}
    assert records.shared_input(runs[0].id, "source") is not None
