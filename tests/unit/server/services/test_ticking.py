"""What becomes of times that are due: overlaps, missed ones, refusals, failures."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from nightdesk.server.domain.errors import Invalid, Unavailable
from nightdesk.server.domain.run import Status
from nightdesk.server.domain.schedule import Missed, Overlap
from nightdesk.server.domain.timetable import local
from nightdesk.server.services.clockwork import tell_owners
from nightdesk.server.services.schedules import change_schedule, run_now

from ..workbench import ADA, Bench
from .scheduling import Scheduling, moment

T = "2026-05-04T{}:00+00:00"


@pytest.fixture
def scheduling(bench: Bench) -> Scheduling:
    return Scheduling(bench)


def test_a_tick_makes_one_run_with_its_time(scheduling: Scheduling) -> None:
    made = scheduling.make(
        "0 6 * * *", zone="Europe/Berlin", at=moment(T.format("00:00")), time_parameter="as_of"
    )
    assert scheduling.look(T.format("03:59")) == 0
    assert scheduling.look(T.format("04:00")) == 1
    assert scheduling.look(T.format("04:00")) == 0, "once, however often somebody looks"
    (tick,) = scheduling.ticks(made)
    run = scheduling.bench.run(tick.run_id or "")
    assert (run.status, run.schedule_id, run.scheduled_at) == (
        Status.QUEUED,
        made.id,
        moment(T.format("04:00")),
    )
    assert run.parameters["as_of"] == "2026-05-04T06:00:00+02:00" == local(tick.at, "Europe/Berlin")
    assert (run.owner, run.name, run.version) == ("ada", "nightly", "2026.11.1")
    assert scheduling.bench.history(run) == ["queued"]
    assert scheduling.now(made).next_at == moment("2026-05-05T04:00:00+00:00")


@pytest.mark.fault(24)
def test_clocks_that_jump_make_no_second_tick(scheduling: Scheduling) -> None:
    made = scheduling.make("*/10 * * * *", at=moment(T.format("05:55")), rules={"overlap": Overlap.QUEUE})
    for at in ("06:00", "08:00", "06:00", "06:10", "06:20", "08:00", "08:10"):
        scheduling.look(T.format(at))
        scheduling.end()
    times = [tick.at for tick in scheduling.ticks(made)]
    assert len(times) == len(set(times))
    ran = [tick.at for tick in scheduling.ticks(made) if tick.run_id]
    assert ran == [moment(T.format(at)) for at in ("06:00", "08:00", "08:10")]


@pytest.mark.parametrize(
    ("missed", "ran"),
    [(Missed.SKIP, []), (Missed.ONCE, ["09:30"]), (Missed.ALL, ["09:10", "09:20", "09:30"])],
)
def test_missed_ticks(scheduling: Scheduling, missed: Missed, ran: list[str]) -> None:
    rules = {"missed": missed, "catch_up": 3}
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")), rules=rules)
    for minute in range(5):
        scheduling.look(moment(T.format("09:35")) + minute)
        scheduling.end()
    ticks = scheduling.ticks(made)
    assert [tick.at for tick in ticks if tick.run_id] == [moment(T.format(at)) for at in ran]
    assert len(ticks) == 21
    assert {tick.state.value for tick in ticks if not tick.run_id} == {"missed"}
    assert all(tick.words for tick in ticks if not tick.run_id)


def test_a_long_absence_leaves_so_many_rows_and_no_more(scheduling: Scheduling) -> None:
    made = scheduling.make(every=10, at=moment("2020-01-01T00:00:00+00:00"))
    scheduling.look(T.format("09:35"))
    assert len(scheduling.ticks(made)) == 100


@pytest.mark.parametrize(
    ("overlap", "states"),
    [
        (Overlap.SKIP, ["queued", "skipped", "skipped"]),
        (Overlap.QUEUE, ["queued", "waiting", "waiting"]),
        (Overlap.REPLACE, ["queued", "skipped", "waiting"]),
    ],
)
def test_overlaps(scheduling: Scheduling, overlap: Overlap, states: list[str]) -> None:
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")), rules={"overlap": overlap})
    scheduling.look(T.format("06:10"))
    scheduling.bench.set_runs(status=Status.RUNNING, worker="w")
    for at in ("06:20", "06:30"):
        scheduling.look(T.format(at))
    assert scheduling.states(made) == states
    (run,) = {tick.run_id for tick in scheduling.ticks(made) if tick.run_id}
    assert (scheduling.bench.run(run).cancelled_by == "schedule nightly") is (overlap is Overlap.REPLACE)
    scheduling.end()
    scheduling.look(T.format("06:31"))
    assert scheduling.states(made).count("queued") == (overlap is not Overlap.SKIP), "one after the other"


def test_who_may_not_run_it_any_more_is_told_why_and_it_is_paused(scheduling: Scheduling) -> None:
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")), rules={"pause_after": 2})
    scheduling.bench.records.set_groups("python-data", ("analysts",), "root")
    scheduling.look(T.format("06:10"))
    assert not scheduling.now(made).paused
    scheduling.look(T.format("06:20"))
    after = scheduling.now(made)
    assert after.paused
    assert after.next_at is None
    assert after.paused_why == "2 runs in a row did not succeed; the last one was refused."
    assert [tick.state.value for tick in scheduling.ticks(made)] == ["refused", "refused"]
    assert "environment" in scheduling.ticks(made)[0].words
    assert len(scheduling.told) == len(scheduling.bench.records.alerts("ada")) == 2
    assert "paused" in scheduling.told[1].words


def test_somebody_disabled_or_gone_runs_nothing(scheduling: Scheduling) -> None:
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")))
    scheduling.bench.records.shut_out("ada", "root")
    scheduling.look(T.format("06:10"))
    scheduling.bench.records.let_in("ada", "root")
    del scheduling.people.tokens["token-ada"]
    scheduling.look(T.format("06:20"))
    assert scheduling.states(made) == ["refused", "refused"]
    assert scheduling.bench.database_is_empty()


def test_a_hub_that_is_away_loses_no_tick(scheduling: Scheduling) -> None:
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")))
    scheduling.people.away = True
    with pytest.raises(Unavailable):
        scheduling.look(T.format("06:10"))
    scheduling.people.away = False
    assert scheduling.look(moment(T.format("06:10")) + 30) == 1
    assert scheduling.states(made) == ["queued"]


def test_failures_in_a_row_pause_it_and_a_good_run_counts_anew(scheduling: Scheduling) -> None:
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")), rules={"pause_after": 3})
    for minute, status in (
        (10, "failed"),
        (20, "timed_out"),
        (30, "succeeded"),
        (40, "failed"),
        (50, "cancelled"),
    ):
        scheduling.look(T.format(f"06:{minute}"))
        scheduling.end(Status(status))
    scheduling.look(T.format("06:59"))
    after = scheduling.now(made)
    assert (after.failures, after.paused, after.last_state) == (1, False, "cancelled")
    assert after.took == (10.0,)
    assert len(scheduling.told) == 3
    assert scheduling.bench.records.put_alerts_away("ada") == 3
    assert scheduling.bench.records.alerts("ada") == []


@pytest.mark.parametrize("notify", [None, "never", "failure", "always"])
def test_its_runs_notify_as_it_says(scheduling: Scheduling, notify: str | None) -> None:
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")), notify=notify)
    scheduling.look(T.format("06:10"))
    scheduling.end()
    by_hand = run_now(scheduling.clock, ADA, made)
    runs = [scheduling.bench.run(tick.run_id) for tick in scheduling.ticks(made) if tick.run_id]
    assert by_hand.run_id in {run.id for run in runs}
    assert [run.notify for run in runs] == [notify, notify]


def test_how_its_runs_notify_can_be_changed_and_no_word_but_three(scheduling: Scheduling) -> None:
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")))
    after = change_schedule(scheduling.clock, ADA, made, {"notify": "always"})
    assert after.wishes.notify == "always"
    with pytest.raises(Invalid, match="'loudly' is not when to notify"):
        change_schedule(scheduling.clock, ADA, after, {"notify": "loudly"})
    with pytest.raises(Invalid, match="'' is not when to notify"):
        scheduling.make(name="other", notify="")
    assert change_schedule(scheduling.clock, ADA, after, {"notify": None}).wishes.notify is None


def test_many_at_once_come_in_batches(scheduling: Scheduling) -> None:
    made = [
        scheduling.make("*/10 * * * *", at=moment(T.format("06:00")), name=f"number {number}")
        for number in range(300)
    ]
    assert scheduling.look(T.format("06:10")) == 300
    assert all(scheduling.states(each) == ["queued"] for each in made[::50])
    assert scheduling.bench.records.verify().broken is None, "the audit log's chain holds"


def test_three_that_look_at_the_same_moment_make_one_run_each(scheduling: Scheduling) -> None:
    made = [scheduling.make("*/10 * * * *", at=moment(T.format("06:00")), name=f"n{n}") for n in range(40)]
    start = threading.Barrier(3)
    queued = []

    def one() -> None:
        start.wait()
        queued.append(scheduling.look(T.format("06:10")))

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(queued) == 40
    assert all(scheduling.states(each) == ["queued"] for each in made)


def test_groups_of_now_count(scheduling: Scheduling) -> None:
    scheduling.people.tokens["token-ada"] = replace(ADA, groups=("team",))
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")))
    scheduling.look(T.format("06:10"))
    assert scheduling.bench.run(scheduling.ticks(made)[0].run_id or "").groups == ("team",)


def test_owners_hear_of_what_made_no_run_and_of_a_pause(scheduling: Scheduling) -> None:
    records = scheduling.bench.records
    records.set_wishes(replace(records.wishes("ada"), webhook="https://hooks.example.org/x", secret="s"), "")
    made = scheduling.make("*/10 * * * *", at=moment(T.format("06:00")), rules={"pause_after": 2})
    scheduling.clock = replace(scheduling.clock, tell=tell_owners)
    scheduling.look(T.format("06:10"))
    scheduling.end(Status.FAILED)
    scheduling.look(T.format("06:11"))
    assert records.take_notices(10, 60) == [], "of a run that failed they hear as of any run"
    records.set_groups("python-data", ("analysts",), "root")
    scheduling.look(T.format("06:20"))
    (notice,) = records.take_notices(10, 60)
    assert notice.person == "ada"
    assert "was refused" in str(notice)
    assert "paused" in str(notice)
    assert scheduling.now(made).paused
