"""What every Records does with runs that are shown to others, and with the times of cells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.cell_time import CellTime
from nightdesk.server.domain.errors import FenceLost, TooMany
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.report import Reader
from nightdesk.server.domain.run import Output, new_id
from nightdesk.server.domain.share import MOST_SHARES, Share

from .on_record import added, running

BOB, TEAM = Share(Kind.PERSON, "bob"), Share(Kind.GROUP, "team")


def names(shares: list[Share]) -> list[tuple[Kind, str]]:
    return [(each.kind, each.name) for each in shares]


def test_a_run_is_shown_until_it_is_taken_back(records: RecordsSql) -> None:
    run = added(records, id=new_id(), owner="ada")
    assert not records.is_shared_with(run.id, "bob", ("team",))
    records.share_run(run, BOB, "ada")
    kept = records.share_run(run, TEAM, "root")
    assert names(kept) == [(Kind.PERSON, "bob"), (Kind.GROUP, "team")]
    assert [each.by for each in kept] == ["ada", "root"]
    assert records.share_run(run, BOB, "root") == kept, "the same again changes nothing"
    assert records.is_shared_with(run.id, "bob", ())
    assert records.is_shared_with(run.id, "eve", ("other", "team"))
    assert not records.is_shared_with(run.id, "eve", ("other",))
    assert not records.is_shared_with(run.id, "team", ()), "a person of a group's name is somebody else"
    assert [each.id for each in records.shared_runs("bob", (), 10)] == [run.id]
    assert [each.id for each in records.shared_runs("eve", ("team",), 10)] == [run.id]
    assert records.shared_runs("ada", ("team",), 10) == [], "it is hers"
    assert records.unshare_run(run, BOB, "ada")
    assert not records.unshare_run(run, BOB, "ada")
    assert not records.is_shared_with(run.id, "bob", ())
    entries = records.entries(AuditFilter(on=run.id))
    said = [(entry.action, entry.by, entry.words) for entry in entries if "shared" in entry.action]
    assert said == [
        ("run.not shared", "ada", "no longer with bob"),
        ("run.shared", "root", "with group team"),
        ("run.shared", "ada", "with bob"),
    ]


def test_who_is_no_more_is_shown_nothing(records: RecordsSql) -> None:
    run = added(records, id=new_id(), owner="ada")
    records.share_run(run, BOB, "ada")
    records.share_run(run, TEAM, "ada")
    records.forget_reader(Reader(Kind.GROUP, "team"))
    assert names(records.shares(run.id)) == [(Kind.PERSON, "bob")]
    records.hand_over_some("bob", "bob (left)", (), "", 10)
    assert records.shares(run.id) == []


def test_a_run_is_not_shared_with_the_whole_town(records: RecordsSql) -> None:
    run = added(records, id=new_id(), owner="ada")
    for number in range(MOST_SHARES):
        records.share_run(run, Share(Kind.PERSON, f"p{number}"), "ada")
    with pytest.raises(TooMany):
        records.share_run(run, BOB, "ada")


def test_times_of_cells(records: RecordsSql) -> None:
    run = running(records, id=new_id())
    assert records.cells(run) == {}
    records.set_cells(run, {1: CellTime("ok", 0.5)})
    times = {1: CellTime("ok", 0.5), 2: CellTime("error", 12.25), 12: CellTime("skipped", 0.0)}
    records.set_cells(run, times)
    assert records.cells(run) == times
    records.set_outputs(run, [Output("log.txt", 1, "0" * 64)])
    assert records.cells(run) == times, "who knows none leaves those that are there"
    records.set_outputs(run, [], {1: CellTime("ok", 1.0)})
    assert records.cells(run) == {1: CellTime("ok", 1.0)}
    with pytest.raises(FenceLost):
        records.set_cells(replace(run, fence=run.fence + 1), times)
