"""What every Records does with keep marks and with outputs that have had their time."""

from __future__ import annotations

from dataclasses import asdict

from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.report import Report
from nightdesk.server.domain.retention import StoreUse
from nightdesk.server.domain.run import Output, Run, Source, Status, new_id

from .on_record import added, running

FILE = Output("table.csv", 700, "0" * 64)
LOG = Output("log.txt", 300, "1" * 64)


def ended(records: RecordsSql, status: Status = Status.SUCCEEDED, **values: object) -> Run:
    """A run that left a thousand bytes."""
    run = running(records, **{"id": new_id(), **values})
    records.set_outputs(run, [FILE, LOG])
    return records.change(run, status=status, reason="it is over")


def test_a_mark_is_set_once_and_taken_away(records: RecordsSql) -> None:
    run = ended(records)
    kept = records.keep_run(run.id, "ada")
    assert kept is not None
    assert (kept.kept_by, kept.kept_at is not None) == ("ada", True)
    again = records.keep_run(run.id, "bob")
    assert again == kept
    free = records.unkeep_run(run.id, "bob")
    assert free is not None
    assert (free.kept_by, free.kept_at) == (None, None)
    assert records.unkeep_run(run.id, "bob") == free
    assert records.keep_run("nothing", "ada") is None


def test_what_is_stored_of_runs_that_are_over(records: RecordsSql) -> None:
    run, failed = ended(records, owner="ada"), ended(records, Status.FAILED, owner="bob")
    going_on = running(records, id=new_id(), owner="eve")
    records.set_outputs(going_on, [FILE])
    records.keep_run(failed.id, "bob")
    found = {one.run_id: one for one in records.stored_runs()}
    assert set(found) == {run.id, failed.id}
    assert (found[run.id].bytes, found[run.id].kept, found[run.id].finished_at) == (
        1000,
        False,
        run.finished_at,
    )
    assert found[failed.id].kept
    assert records.store_use("ada") == {"ada": StoreUse(1000, 1, 0, 0)}
    assert records.store_use()["bob"] == StoreUse(1000, 1, 1000, 1)


def test_outputs_that_were_removed_are_on_no_list_and_the_run_says_why(records: RecordsSql) -> None:
    run = ended(records)
    assert records.remove_outputs(run.id, "older than 30 days")
    gone = records.run(run.id)
    assert gone is not None
    assert (gone.status, gone.removed_why, gone.removed_bytes) == (run.status, "older than 30 days", 1000)
    assert gone.removed_at is not None
    assert records.outputs([run.id]) == {run.id: []}
    assert records.stored_runs() == []
    assert records.history(run.id)[-1].note == "its outputs (1000 bytes) were removed: older than 30 days"
    assert records.to_clear() == [run.id]
    assert not records.remove_outputs(run.id, "again")
    records.cleared(run.id)
    assert records.to_clear() == []


def test_what_has_a_mark_meanwhile_or_goes_on_stays(records: RecordsSql) -> None:
    run, going_on = ended(records), running(records, id=new_id())
    records.set_outputs(going_on, [FILE])
    records.keep_run(run.id, "ada")
    assert not records.remove_outputs(run.id, "older")
    assert not records.remove_outputs(going_on.id, "older")
    assert not records.remove_outputs("nothing", "older")
    assert records.outputs([run.id])[run.id]
    assert records.to_clear() == []


def test_the_newest_good_run_of_a_report_is_protected(records: RecordsSql) -> None:
    older = ended(records, owner="ada", name="sales")
    newest = ended(records, owner="ada", name="sales")
    ended(records, Status.FAILED, owner="ada", name="sales")
    ended(records, owner="bob", name="sales")
    assert records.protected_runs() == set()
    records.add_report(Report("sales", "Sales", "ada", "ada", "sales", output="table.csv"), "ada")
    assert records.protected_runs() == {newest.id}
    assert older.id not in records.protected_runs()


def test_what_a_run_that_is_not_over_gets_is_protected(records: RecordsSql) -> None:
    first = ended(records)
    source = Source("data.csv", first.id, 1, "table.csv", 700, "0" * 64)
    second = added(
        records,
        id=new_id(),
        sources=(source,),
        git={"commit": "a" * 40, "branch": "main", "dirty": False, "remote": None},
    )
    known = records.run(second.id)
    assert known is not None
    assert [asdict(each) for each in known.sources] == [asdict(source)]
    assert known.git == {"commit": "a" * 40, "branch": "main", "dirty": False, "remote": None}
    assert records.protected_runs() == {first.id}
    records.request_cancel(second.id, "ada")
    assert records.protected_runs() == set()
