"""Schedules that make a pipeline each time."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.repository import HomeFile
from nightdesk.server.domain.schedule import Schedule, Tick
from nightdesk.server.services.pipelining import carry_on
from nightdesk.server.services.schedules import Given, change_schedule, run_now
from nightdesk.server.services.ticking import look

from ..workbench import ADA, Bench, archive
from .piping import CHAIN, FILES, Piping, failing
from .scheduling import Scheduling, moment

DAY_1, DAY_2 = "2026-11-20T06:00:00+00:00", "2026-11-21T06:00:00+00:00"


@pytest.fixture
def piping(bench: Bench) -> Piping:
    return Piping(bench)


def scheduled(
    piping: Piping, files: dict[str, bytes] | None = None, **how: Any
) -> tuple[Scheduling, Schedule]:
    scheduling = Scheduling(piping.bench)
    given = Given(CHAIN.encode(), archive(*{**FILES, **(files or {})}.items()))
    how = {"file": "pipeline.yaml", "time_parameter": "month", **how}
    return scheduling, scheduling.make(at=moment(DAY_1) - 60, given=given, **how)


def due(scheduling: Scheduling, at: str) -> tuple[str, ...]:
    done = look(scheduling.clock, moment(at))
    for pipeline_id in done.pipelines:
        carry_on(scheduling.clock, pipeline_id)
    return done.pipelines


def ticks(piping: Piping, schedule: Schedule) -> list[Tick]:
    return piping.bench.records.ticks(schedule.id, 10)[::-1]


def test_each_tick_makes_a_pipeline_and_ends_as_it_does(piping: Piping) -> None:
    scheduling, schedule = scheduled(piping)
    (made,) = due(scheduling, DAY_1)
    pipeline = piping.now(made)
    assert pipeline.parameters == {"month": DAY_1}
    assert (pipeline.schedule_id, pipeline.scheduled_at) == (schedule.id, moment(DAY_1))
    assert [(tick.state, tick.pipeline_id, tick.run_id) for tick in ticks(piping, schedule)] == [
        ("queued", made, None)
    ]
    piping.work_off()
    run = piping.run_of(pipeline, "train")
    assert (run.schedule_id, run.scheduled_at) == (schedule.id, moment(DAY_1))
    due(scheduling, DAY_1)
    (tick,) = ticks(piping, schedule)
    assert tick.state == "succeeded"
    assert tick.took_seconds is not None
    piping.plays["check"] = failing
    due(scheduling, DAY_2)
    piping.work_off()
    due(scheduling, DAY_2)
    bad = ticks(piping, schedule)[1]
    assert bad.state == "failed"
    assert bad.words.startswith("Step check: ")
    assert [alert.state for alert in scheduling.told] == ["failed"]


def test_while_it_goes_on_the_next_time_is_left_out_or_replaces_it(piping: Piping) -> None:
    scheduling, schedule = scheduled(piping)
    due(scheduling, DAY_1)
    assert due(scheduling, DAY_2) == ()
    assert [tick.state for tick in ticks(piping, schedule)] == ["queued", "skipped"]
    other, replacing = scheduled(piping, name="replacing", rules={"overlap": "replace"})
    (first,) = due(other, DAY_1)
    due(other, DAY_2)
    carry_on(other.clock, first)
    assert piping.now(first).status == "cancelled"
    (second,) = due(other, DAY_2)
    assert [tick.state for tick in ticks(piping, replacing)] == ["cancelled", "queued"]
    assert piping.now(second).parameters == {"month": DAY_2}


def test_large_folders_go_to_the_store(piping: Piping) -> None:
    import os

    scheduling, _ = scheduled(piping, {"data.bin": os.urandom(400_000)})
    (made,) = due(scheduling, DAY_1)
    piping.work_off()
    assert piping.now(made).status == "succeeded"
    assert len(piping.work["report"]["data.bin"]) == 400_000


def test_what_it_would_be_refused_for_is_said_when_it_is_made(piping: Piping) -> None:
    scheduling = Scheduling(piping.bench)
    with pytest.raises(Invalid, match="with the folder that its steps' files lie in"):
        scheduling.make(source=CHAIN.encode(), file="pipeline.yaml")
    with pytest.raises(Invalid, match="has no parameter 'day'"):
        scheduled(piping, time_parameter="day")
    with pytest.raises(Invalid, match="the retries of a pipeline's steps"):
        scheduled(piping, retries=2)
    with pytest.raises(Invalid, match="when a pipeline's steps notify is not a schedule's to say"):
        scheduled(piping, notify="always")
    with pytest.raises(Invalid, match=r"no file 'check\.py'"):
        scheduling.make(file="pipeline.yaml", given=Given(CHAIN.encode(), archive(("train.py", b"1"))))


def test_what_is_not_for_the_whole_to_say_is_refused_wherever_its_file_is(piping: Piping) -> None:
    scheduling = Scheduling(piping.bench)
    home = HomeFile("reports/pipeline.yaml", "reports")
    given = Given(CHAIN.encode(), archive(*FILES.items()), home)
    schedule = scheduling.make(file="pipeline.yaml", time_parameter="month", given=given)
    for change in ({"notify": "never"}, {"retries": 1}):
        with pytest.raises(Invalid, match="is not a schedule's to say"):
            change_schedule(scheduling.clock, ADA, schedule, change)


def test_run_now_and_another_parameter(piping: Piping) -> None:
    scheduling, schedule = scheduled(piping, time_parameter=None)
    tick = run_now(scheduling.clock, ADA, schedule)
    assert tick.pipeline_id is not None
    change_schedule(scheduling.clock, ADA, schedule, {"parameters": {"month": "2027-01"}})
    with pytest.raises(Invalid, match="has no parameter"):
        change_schedule(scheduling.clock, ADA, schedule, {"parameters": {"moth": "2027-01"}})


def test_who_is_disabled_makes_none(piping: Piping) -> None:
    scheduling, schedule = scheduled(piping)
    piping.bench.records.shut_out("ada", "root")
    assert due(scheduling, DAY_1) == ()
    (tick,) = ticks(piping, schedule)
    assert (tick.state, tick.pipeline_id) == ("refused", None)
