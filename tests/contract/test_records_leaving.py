"""The part of ``Records`` about people who leave."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.history import attempts, in_words
from nightdesk.server.domain.run import Run, Status, new_id
from nightdesk.server.ports.records import RunFilter

from .on_record import added as put
from .on_record import running as started


def added(records: RecordsSql, **values: Any) -> Run:
    return put(records, id=new_id(), **values)


def running(records: RecordsSql, **values: Any) -> Run:
    return started(records, id=new_id(), **values)


def owned(records: RecordsSql, name: str) -> set[str]:
    return {run.id for run in records.runs(RunFilter(owner=name))}


def test_nothing_is_accepted_of_who_is_shut_out_until_they_are_let_in(records: RecordsSql) -> None:
    records.shut_out("ada", "root")
    records.shut_out("ada", "root")
    assert records.is_shut_out("ada")
    assert not records.is_shut_out("bob")
    with pytest.raises(Conflict, match="account of ada is disabled"):
        added(records, owner="ada")
    added(records, owner="bob")
    records.let_in("ada", "root")
    added(records, owner="ada")
    noted = [(entry.action, entry.by) for entry in records.entries(AuditFilter(on="ada", action="person"))]
    assert noted == [("person.enabled", "root"), ("person.disabled", "root")]


def test_what_waits_is_cancelled_and_what_goes_on_is_asked_to_end(records: RecordsSql) -> None:
    waiting, going, other = added(records), running(records, retries=3), added(records, owner="bob")
    assert records.end_runs("ada", "root", keep_going=False) == ([waiting.id], [going.id])
    cancelled, asked, left = (records.run(run.id) for run in (waiting, going, other))
    assert cancelled is not None
    assert asked is not None
    assert left is not None
    assert cancelled.status is Status.CANCELLED
    assert cancelled.reason == "Cancelled by root, who disabled ada."
    assert in_words(records.history(waiting.id)) == ["submitted", "cancelled"]
    assert asked.status is Status.RUNNING
    assert asked.cancelled_by == "root"
    assert left.status is Status.QUEUED
    assert records.end_runs("ada", "root", keep_going=False) == ([], []), "once is enough"


def test_with_an_heir_what_goes_on_goes_on_but_is_not_tried_again(records: RecordsSql) -> None:
    waiting, going = added(records), running(records, retries=3)
    assert records.end_runs("ada", "root", keep_going=True) == ([waiting.id], [])
    kept = records.run(going.id)
    assert kept is not None
    assert kept.cancel_requested_at is None
    assert kept.retries == 0


def test_runs_change_hands_in_portions_without_their_keys(records: RecordsSql) -> None:
    mine = [added(records, key=f"key-{number}") for number in range(3)]
    his = added(records, owner="bob", key="key-1")
    portions = []
    while count := records.hand_over_some(
        "ada", "bob", ("research",), "handed over from ada to bob by root", 2
    ):
        portions.append(count)
    assert portions == [2, 1]
    assert owned(records, "ada") == set()
    assert owned(records, "bob") == {his.id, *(run.id for run in mine)}
    found = records.run(mine[1].id)
    assert found is not None
    assert found.groups == ("research",)
    kept = records.run_by_key("bob", "key-1")
    assert kept is not None
    assert kept.id == his.id
    history = records.history(mine[1].id)
    assert in_words(history) == ["submitted", "handed over from ada to bob by root"]
    assert len(attempts(history)) == 1
    assert records.owned("bob").runs == {"queued": 4}


def test_a_run_that_goes_on_is_its_worker_s_still_after_it_changed_hands(records: RecordsSql) -> None:
    going = running(records)
    records.hand_over_some("ada", "bob", (), "handed over", 10)
    ended = records.change(going, status=Status.SUCCEEDED, reason="All 3 cells ran.")
    assert (ended.owner, ended.status) == ("bob", Status.SUCCEEDED)
    assert [attempt.status for attempt in attempts(records.history(going.id))] == [Status.SUCCEEDED]
