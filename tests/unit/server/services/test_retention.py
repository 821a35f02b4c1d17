"""Outputs that have had their time go from the record and from the store, whatever dies or is away in between."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.config import Settings
from nightdesk.server.domain import retention as domain
from nightdesk.server.domain.errors import NotFound, Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind, Limit, Policies, Policy
from nightdesk.server.domain.run import Run
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.services.policies import PolicyBook
from nightdesk.server.services.retention import clean, remove, usual_limits, what_goes

from ..workbench import Bench

ALL = Policies.of([], usual={Limit.OUTPUT_RUNS: 1})


@pytest.fixture(autouse=True)
def _nothing_is_young(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "YOUNG_SECONDS", -1.0)


def finished(bench: Bench) -> Run:
    run = bench.submit()
    bench.supervisor().supervise(run.id)
    return bench.run(run)


def test_the_oldest_go_and_their_runs_stay(bench: Bench) -> None:
    old, new = finished(bench), finished(bench)
    assert [one.stored.run_id for one in what_goes(bench.records, ALL, None)] == [old.id]
    remove(bench.records, bench.store, what_goes(bench.records, ALL, None))
    assert not [key for key in bench.stored() if key.startswith(f"runs/{old.id}/")]
    assert bench.output(new, "notebook.ipynb")
    assert bench.run(old).removed_why == "ada has outputs of more than 1 runs"
    with pytest.raises(NotFound):
        bench.output(old, "notebook.ipynb")
    assert what_goes(bench.records, ALL, None) == []


def test_looking_removes_nothing(bench: Bench) -> None:
    finished(bench), finished(bench)
    before = bench.stored()
    what_goes(bench.records, ALL, None)
    assert bench.stored() == before
    assert what_goes(bench.records, Policies(), None) == []


def test_a_mark_set_at_the_last_moment_counts(bench: Bench) -> None:
    old, _ = finished(bench), finished(bench)
    found = what_goes(bench.records, ALL, None)
    bench.records.keep_run(old.id, "ada")
    remove(bench.records, bench.store, found)
    assert bench.output(old, "notebook.ipynb")


def test_a_store_that_is_away_is_asked_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = finished(bench), finished(bench)

    def away(*_: Any) -> None:
        raise Unavailable("the output store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "remove", away)
        with pytest.raises(Unavailable):
            remove(bench.records, bench.store, what_goes(bench.records, ALL, None))
    assert bench.records.outputs([old.id]) == {old.id: []}, "nothing is on record that may be gone"
    assert bench.records.to_clear() == [old.id]
    remove(bench.records, bench.store, what_goes(bench.records, ALL, None))
    assert not [key for key in bench.stored() if key.startswith(f"runs/{old.id}/")]
    assert bench.records.to_clear() == []


def test_it_is_done_once_in_a_while(bench: Bench) -> None:
    book = PolicyBook(bench.records, bench.settings.runs.limits, ALL.everybody.limits)
    finished(bench), finished(bench)
    clean(bench.records, bench.store, book, None)
    third = finished(bench)
    clean(bench.records, bench.store, book, None)
    assert len(bench.records.stored_runs()) == 2, f"not again within ten minutes ({third.id} came after)"


def test_what_a_group_or_a_person_has_counts_before_what_is_usual(bench: Bench) -> None:
    people = MemoryPeople({"token-ada": Person("ada", groups=("research",))})
    old, _ = finished(bench), finished(bench)
    research = Policy(Kind.GROUP, "research", limits={Limit.OUTPUT_RUNS: None})
    usual = {Limit.OUTPUT_RUNS: 1}
    assert what_goes(bench.records, Policies.of([research], usual=usual), people) == []
    hers = Policy(Kind.PERSON, "ada", limits={Limit.OUTPUT_RUNS: 1})
    (gone,) = what_goes(bench.records, Policies.of([research, hers]), people)
    assert gone.stored.run_id == old.id


def test_the_settings_say_what_is_usual() -> None:
    said = Settings.model_validate({"retention": {"age": "180d", "count": 500, "size": "200G"}})
    assert usual_limits(said) == {"output_days": 180.0, "output_runs": 500, "output_bytes": 200 * 2**30}
    assert usual_limits(Settings()) == {}
