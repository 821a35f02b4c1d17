"""Schedules on record: what is unique, what a decision may overwrite, and whose they become."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schedule_rows import schedule_row, schedules
from nightdesk.server.domain.audit import AuditFilter, Note
from nightdesk.server.domain.errors import Conflict, TooMany
from nightdesk.server.domain.run import Status
from nightdesk.server.domain.schedule import Alert, Rules, Schedule, Snapshot, Tick, TickState, Wishes
from nightdesk.server.domain.timetable import Timetable
from nightdesk.server.ports.schedules import Decision, Launch, ScheduleFilter, StoredInput
from sqlalchemy import update

from .runs import a_run, a_version

NOTE = Note("ada", "schedule.made", "s")
AT = 1_790_000_040.0


def a_schedule(number: int = 1, **values: Any) -> Schedule:
    defaults: dict[str, Any] = {
        "id": f"schedule{number:04}",
        "owner": "ada",
        "name": f"report {number}",
        "timetable": Timetable("Europe/Berlin", "* * * * *"),
        "wishes": Wishes("report.ipynb", "python-data@stable", parameters={"year": 2026}),
        "rules": Rules(),
        "snapshot": Snapshot("ab" * 32, 3),
        "created_at": AT - 60,
        "created_by": "ada",
        "groups": ("team",),
        "next_at": AT,
    }
    return Schedule(**{**defaults, **values})


def made(records: RecordsSql, number: int = 1, **values: Any) -> Schedule:
    content = {"source": StoredInput(b"abc"), "files.tar.gz": StoredInput(None, "schedules/x/y")}
    return records.add_schedule(a_schedule(number, **values), content, NOTE, 500)


def decided(schedule: Schedule, *launches: Launch, next_at: float = AT + 60) -> Decision:
    after = replace(schedule, revision=schedule.revision + 1, next_at=next_at)
    return Decision(schedule, after, launches)


def launch(schedule: Schedule, run_id: str, at: float = AT) -> Launch:
    run = a_run(id=run_id, schedule_id=schedule.id, scheduled_at=at, groups=("team",))
    return Launch(Tick(schedule.id, at, TickState.QUEUED, AT, run_id=run_id), run, {"source": b"abc"})


def test_comes_back_as_it_went_in(records: RecordsSql) -> None:
    schedule = made(records, took=(1.5, 2.0), paused_at=3.0, paused_by="", paused_why="why")
    assert records.schedule(schedule.id) == schedule
    assert records.schedule_inputs([schedule.id]) == {
        schedule.id: {"source": StoredInput(b"abc"), "files.tar.gz": StoredInput(None, "schedules/x/y")}
    }
    assert records.schedule("nothing") is None


def test_what_it_says_of_the_ends_of_its_runs_is_kept_and_its_runs_say_it(records: RecordsSql) -> None:
    schedule = made(records, wishes=Wishes("report.ipynb", "python-data@stable", notify="always"))
    assert records.schedule(schedule.id) == schedule
    one = launch(schedule, "first2222222")
    assert one.run is not None
    records.decide([decided(schedule, replace(one, run=replace(one.run, notify=schedule.wishes.notify)))])
    run = records.run("first2222222")
    assert run is not None
    assert run.notify == "always"


def test_one_from_before_there_was_such_a_thing_is_as_its_owner_said(
    records: RecordsSql, database: Database
) -> None:
    schedule = made(records)
    before = {name: value for name, value in schedule_row(schedule)["wishes"].items() if name != "notify"}
    with database.writing() as connection:
        connection.execute(update(schedules).values(wishes=before))
    assert records.schedule(schedule.id) == schedule
    assert schedule.wishes.notify is None


def test_names_are_their_owner_s_alone(records: RecordsSql) -> None:
    made(records)
    with pytest.raises(Conflict, match="'report 1' already"):
        made(records, 2, name="report 1")
    made(records, 3, name="report 1", owner="bob")
    other = made(records, 4)
    with pytest.raises(Conflict):
        records.change_schedule(other.id, lambda before, _: replace(before, name="report 1"), NOTE)


def test_no_more_than_so_many_and_none_of_the_disabled(records: RecordsSql) -> None:
    made(records)
    with pytest.raises(TooMany):
        records.add_schedule(a_schedule(2), {}, NOTE, 1)
    records.shut_out("bob", "root")
    with pytest.raises(Conflict, match="disabled"):
        made(records, 3, owner="bob")


def test_lists_go_on_where_they_ended(records: RecordsSql) -> None:
    for number in range(5):
        made(records, number, owner="ada" if number % 2 else "bob", name=f"n{number}")
    first = records.schedules(ScheduleFilter(limit=3))
    rest = records.schedules(ScheduleFilter(limit=3, after=(first[-1].name, first[-1].id)))
    assert [each.name for each in (*first, *rest)] == ["n0", "n1", "n2", "n3", "n4"]
    assert [each.name for each in records.schedules(ScheduleFilter(owner="ada"))] == ["n1", "n3"]
    assert [each.name for each in records.schedules(ScheduleFilter(name="n2"))] == ["n2"]


def test_what_is_due(records: RecordsSql) -> None:
    made(records, 1, next_at=AT + 60)
    late = made(records, 2, next_at=AT - 60)
    made(records, 3, next_at=None)
    assert records.due_schedules(AT, 10) == [late]
    assert records.next_due() == AT - 60


@pytest.mark.fault(25)
def test_of_two_decisions_about_a_schedule_one_counts(records: RecordsSql) -> None:
    schedule = made(records)
    assert len(records.decide([decided(schedule, launch(schedule, "first2222222"))])) == 1
    assert records.decide([decided(schedule, launch(schedule, "second222222"))]) == []
    assert records.run("second222222") is None
    assert [tick.run_id for tick in records.ticks(schedule.id, 10)] == ["first2222222"]
    run = records.run("first2222222")
    assert run is not None
    assert (run.schedule_id, run.scheduled_at, run.status) == (schedule.id, AT, Status.QUEUED)
    assert records.run_input(run.id, "source") == b"abc"
    assert [change.status for change in records.history(run.id)] == [Status.QUEUED]
    assert records.verify().broken is None


def test_a_time_is_never_two_rows(records: RecordsSql) -> None:
    schedule = made(records)
    records.decide([decided(schedule, launch(schedule, "first2222222"))])
    again = records.schedule(schedule.id)
    assert again is not None
    (kept,) = records.decide([decided(again, launch(again, "second222222"))])
    assert kept.launches == (), "the time is taken, whoever decided it"
    assert records.run("second222222") is None


def test_a_change_meanwhile_makes_a_decision_void(records: RecordsSql) -> None:
    schedule = made(records)
    changed = records.change_schedule(schedule.id, lambda before, _: replace(before, name="other"), NOTE)
    assert changed is not None
    assert changed.revision == 2
    assert records.decide([decided(schedule, launch(schedule, "first2222222"))]) == []


def test_what_happened_meanwhile_is_refused_in_the_same_transaction(records: RecordsSql) -> None:
    records.add_version(a_version("python-data", "2026.11.1", "stable"))
    schedule = made(records)
    records.shut_out("ada", "root")
    (kept,) = records.decide([decided(schedule, launch(schedule, "first2222222"))])
    assert kept.launches[0].tick.state is TickState.REFUSED
    assert records.run("first2222222") is None
    (tick,) = records.ticks(schedule.id, 10)
    assert (tick.state, tick.words) == (
        TickState.REFUSED,
        "The account of ada is disabled: nothing is run for them.",
    )
    after = records.schedule(schedule.id)
    assert after is not None
    assert after.failures == 1


def test_ended_runs_are_written_to_their_ticks(records: RecordsSql) -> None:
    schedule = made(records)
    records.decide([decided(schedule, launch(schedule, "first2222222"))])
    assert records.settle(10) == (0, [])
    assert records.going([schedule.id])[schedule.id].run_id == "first2222222"
    records.request_cancel("first2222222", "ada")
    assert records.settle(10) == (1, [])
    assert records.settle(10) == (0, [])
    (tick,) = records.ticks(schedule.id, 10)
    assert tick.state is TickState.CANCELLED
    assert records.going([schedule.id]) == {}
    assert records.record_of(schedule.id, 0.0).counts == {"cancelled": 1}


def test_asked_for_ticks_are_of_no_whole_second(records: RecordsSql) -> None:
    schedule = made(records)
    found = [records.add_waiting(schedule.id, "ada", NOTE) for _ in range(5)]
    times = [tick.at for tick in found if tick is not None]
    assert len(set(times)) == 5
    assert all(at % 1 for at in times)
    ((_, first),) = records.ready(10)
    assert first.at == min(times)


def test_handed_over_and_paused(records: RecordsSql) -> None:
    schedule = made(records)
    made(records, 2, owner="bob", name="report 1")
    records.add_waiting(schedule.id, "ada", NOTE)
    assert records.move_schedules("ada", "bob", ("analysts",), "root", "look first") == 1
    moved = records.schedule(schedule.id)
    assert moved is not None
    assert (moved.owner, moved.name, moved.groups) == ("bob", "report 1 (2)", ("analysts",))
    assert (moved.paused, moved.paused_why, moved.next_at) == (True, "look first", None)
    assert [tick.state for tick in records.ticks(schedule.id, 10)] == [TickState.SKIPPED]
    assert "schedule.handed over" in [entry.action for entry in records.entries(AuditFilter())]


def test_removed_with_all_that_is_its_own(records: RecordsSql) -> None:
    schedule = made(records)
    records.decide([decided(schedule, launch(schedule, "first2222222"))])
    assert records.remove_schedule(schedule.id, NOTE) == ["schedules/x/y"]
    assert records.schedule(schedule.id) is None
    assert records.ticks(schedule.id, 10) == []
    assert records.schedule_inputs([schedule.id]) == {}
    assert records.run("first2222222") is not None
    assert records.remove_schedule(schedule.id, NOTE) == []


def test_alerts_until_they_are_put_away(records: RecordsSql) -> None:
    schedule = made(records)
    alert = Alert(schedule.id, "ada", schedule.name, AT, "failed", "it failed", "first2222222")
    records.decide([replace(decided(schedule), alerts=(alert,))])
    assert [replace(each, id=0) for each in records.alerts("ada")] == [alert]
    assert records.alerts("bob") == []
    assert records.put_alerts_away("ada") == 1
    assert records.alerts("ada") == []
