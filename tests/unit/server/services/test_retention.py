"""Outputs that have had their time go from the record and from the store, whatever dies or is away in between."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain import retention as domain
from nightdesk.server.domain.errors import NotFound, Unavailable
from nightdesk.server.domain.retention import Rules
from nightdesk.server.domain.run import Run
from nightdesk.server.services.retention import clean, remove, what_goes

from ..workbench import Bench

ALL = Rules(count=1)


@pytest.fixture(autouse=True)
def _nothing_is_young(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "YOUNG_SECONDS", -1.0)


def finished(bench: Bench) -> Run:
    run = bench.submit()
    bench.supervisor().supervise(run.id)
    return bench.run(run)


def test_the_oldest_go_and_their_runs_stay(bench: Bench) -> None:
    old, new = finished(bench), finished(bench)
    assert [one.stored.run_id for one in what_goes(bench.records, ALL)] == [old.id]
    remove(bench.records, bench.store, ALL)
    assert not [key for key in bench.stored() if key.startswith(f"runs/{old.id}/")]
    assert bench.output(new, "notebook.ipynb")
    assert bench.run(old).removed_why == "ada has outputs of more than 1 runs"
    with pytest.raises(NotFound):
        bench.output(old, "notebook.ipynb")
    assert what_goes(bench.records, ALL) == []


def test_looking_removes_nothing(bench: Bench) -> None:
    finished(bench), finished(bench)
    before = bench.stored()
    what_goes(bench.records, ALL)
    assert bench.stored() == before
    assert what_goes(bench.records, Rules()) == []


def test_a_mark_set_at_the_last_moment_counts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = finished(bench), finished(bench)
    found = what_goes(bench.records, ALL)
    bench.records.keep_run(old.id, "ada")
    monkeypatch.setattr("nightdesk.server.services.retention.what_goes", lambda *_: found)
    remove(bench.records, bench.store, ALL)
    assert bench.output(old, "notebook.ipynb")


def test_a_store_that_is_away_is_asked_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = finished(bench), finished(bench)

    def away(*_: Any) -> None:
        raise Unavailable("the output store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "remove", away)
        with pytest.raises(Unavailable):
            remove(bench.records, bench.store, ALL)
    assert bench.records.outputs([old.id]) == {old.id: []}, "nothing is on record that may be gone"
    assert bench.records.to_clear() == [old.id]
    remove(bench.records, bench.store, ALL)
    assert not [key for key in bench.stored() if key.startswith(f"runs/{old.id}/")]
    assert bench.records.to_clear() == []


def test_it_is_done_once_in_a_while(bench: Bench) -> None:
    finished(bench), finished(bench)
    clean(bench.records, bench.store, ALL)
    third = finished(bench)
    clean(bench.records, bench.store, ALL)
    assert len(bench.records.stored_runs()) == 2, f"not again within ten minutes ({third.id} came after)"
