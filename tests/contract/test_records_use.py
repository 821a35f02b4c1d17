"""What every Records does with what people have of the machine, and had."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schema import spans
from nightdesk.server.domain.policy import Kind, Limit, Policies, Policy
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.use import Held, Month
from nightdesk.server.ports.use import SessionSeen
from sqlalchemy import update

from .on_record import added, at_once, claimed, running

HOUR = 3600.0


def session(person: str, name: str = "", started_at: float = 1000.0, **said: Any) -> SessionSeen:
    values = {"environment": "python-data", "version": "2026.11.1", "size": "small", "cpus": 2.0}
    return SessionSeen(
        person, name, **{**values, "memory_bytes": 4 * 2**30, "started_at": started_at, **said}
    )


def moved(database: Database, **times: float) -> None:
    """Every span as if it had been then."""
    with database.writing() as connection:
        connection.execute(update(spans).values(**times))


def ended(records: RecordsSql, run: Run, status: Status = Status.SUCCEEDED) -> Run:
    return records.change(run, status=status, reason="it is over")


def test_a_run_counts_from_its_start_to_its_end(records: RecordsSql) -> None:
    queued = added(records, owner="ada", cpus=2, memory_bytes=2**30)
    assert records.in_use() == {}
    run = records.change(claimed(records, queued), status=Status.RUNNING)
    assert records.in_use() == {("ada", "run"): Held(1, 2.0, 2**30)}
    assert records.in_use("bob") == {}
    ended(records, run)
    assert records.in_use() == {}
    (had,) = records.had(0, records.now() + 1)
    assert (had.person, had.kind, had.count, had.environment) == ("ada", "run", 1, run.environment)
    assert had.cpu_seconds == pytest.approx(2 * had.seconds)
    assert had.byte_seconds == pytest.approx(2**30 * had.seconds)


def test_each_attempt_counts(records: RecordsSql) -> None:
    run = running(records, owner="ada", retries=1)
    again = records.change(run, status=Status.QUEUED, attempt=2)
    assert records.in_use() == {}
    ended(records, records.change(claimed(records, again), status=Status.RUNNING))
    assert [had.count for had in records.had(0, records.now() + 1)] == [2]


def test_only_what_lies_in_the_month_counts(records: RecordsSql, database: Database) -> None:
    ended(records, running(records, owner="ada", cpus=2))
    month = Month(2026, 3)
    moved(database, started_at=month.start - HOUR, ended_at=month.start + 2 * HOUR)
    assert [had.seconds for had in records.had(month.start, month.end)] == [2 * HOUR]
    assert [had.cpu_seconds for had in records.had(month.before.start, month.before.end)] == [2 * HOUR]
    assert records.had(month.next.start, month.next.end) == []
    assert records.run_seconds("ada", month.start) == 2 * HOUR
    assert records.run_seconds("bob", month.start) == 0


def test_what_goes_on_counts_as_far_as_now(records: RecordsSql, database: Database) -> None:
    running(records, owner="ada")
    moved(database, started_at=records.now() - HOUR)
    assert records.run_seconds("ada", 0) == pytest.approx(HOUR, abs=5)
    limits = {Limit.RUN_HOURS: 1.0}
    assert records.standing("ada", "x", limits).run_seconds == pytest.approx(HOUR, abs=5)
    assert records.standing("ada", "x").run_seconds == 0.0, "nobody who has no such limit waits for it"


def test_a_clock_that_was_set_back_takes_nothing_away(records: RecordsSql, database: Database) -> None:
    ended(records, running(records, owner="ada"))
    moved(database, started_at=2000.0, ended_at=1000.0)
    assert records.run_seconds("ada", 0) == 0.0


def test_sessions_come_and_go(records: RecordsSql) -> None:
    both = [session("ada"), session("ada", "second"), session("bob", groups=("lab",))]
    assert records.sessions_seen(both) == set()
    assert records.sessions_seen(both) == set(), "the same ones are not counted twice"
    assert records.sessions_seen([session("ada", started_at=1010.0), *both[1:]]) == set(), (
        "nor while it starts"
    )
    assert records.in_use()["ada", "session"] == Held(2, 4.0, 8 * 2**30)
    assert records.sessions_seen(both[:1]) == {"ada", "bob"}
    assert records.in_use() == {("ada", "session"): Held(1, 2.0, 4 * 2**30)}
    assert {had.person: had.groups for had in records.had(0, records.now() + 1)} == {
        "ada": (),
        "bob": ("lab",),
    }


def test_another_session_by_the_same_name_is_another(records: RecordsSql) -> None:
    records.sessions_seen([session("ada", started_at=1000.0)])
    records.sessions_seen([session("ada", started_at=2000.0, cpus=8.0)])
    assert records.in_use() == {("ada", "session"): Held(1, 8.0, 4 * 2**30)}
    (had,) = records.had(0, 2000.0)
    assert (had.count, had.seconds) == (1, 1000.0)


def test_homes(records: RecordsSql) -> None:
    assert records.home("ada") is None
    records.set_homes({"ada": 10, "bob": 20})
    records.set_homes({"ada": 11})
    assert {home.person: home.bytes for home in records.homes()} == {"ada": 11, "bob": 20}
    assert records.standing("ada", "x", {Limit.HOME: 5.0}).home_bytes == 11
    assert records.standing("ada", "x").home_bytes is None


def test_a_turn_is_one_s_alone(records: RecordsSql) -> None:
    assert sorted(at_once(8, lambda _: records.take_turn("homes", 60))) == [False] * 7 + [True]
    assert not records.take_turn("homes", 60)
    assert records.take_turn("homes", 0)
    assert records.take_turn("else", 60)


def test_wishes_are_taken_once(records: RecordsSql) -> None:
    records.wish_turn("home:ada")
    records.wish_turn("home:ada")
    records.wish_turn("home:b_b")
    assert sorted(records.wished_turns("home:")) == ["ada", "b_b"]
    assert records.wished_turns("home:") == []


def limited(limit: Limit, value: float) -> Policies:
    return Policies.of([Policy(Kind.EVERYBODY, limits={limit: value})])


def chosen(records: RecordsSql, limits: Policies) -> list[str]:
    records.beat("one", 10, 2**50)
    return records.offer(limits, 30, 10)


def why(records: RecordsSql, limits: Policies, run_id: str) -> str:
    return records.line(30, limits).reason(run_id, limits)


def test_cores_of_sessions_and_runs_count_together(records: RecordsSql) -> None:
    records.sessions_seen([session("ada", cpus=2.0)])
    running(records, id="going", owner="ada", cpus=1)
    for name in ("ada", "bob"):
        added(records, id=f"{name}-next", owner=name, cpus=2)
    limits = limited(Limit.CPUS, 4)
    assert chosen(records, limits) == ["bob-next"]
    assert why(records, limits, "ada-next") == (
        "your limit of 4 cores is reached: 3 in use, it takes 2; 1 ahead"
    )
    records.sessions_seen([])
    assert chosen(records, limits) == ["ada-next"]


def test_memory_counts_likewise(records: RecordsSql) -> None:
    records.sessions_seen([session("ada")])
    added(records, id="next", owner="ada", memory_bytes=2 * 2**30)
    limits = limited(Limit.MEMORY, 5 * 2**30)
    assert chosen(records, limits) == []
    assert why(records, limits, "next").startswith(
        "your limit of 5 GB of memory is reached: 4 GB in use, it takes 2 GB"
    )


def test_hours_that_are_used_keep_what_waits(records: RecordsSql, database: Database) -> None:
    ended(records, running(records, owner="ada"))
    now = records.now()
    moved(database, started_at=now - 2 * HOUR, ended_at=now)
    added(records, id="next", owner="ada")
    limits = limited(Limit.RUN_HOURS, min(2.0, (now - Month.of(now).start) / HOUR))
    assert chosen(records, limits) == []
    assert f"in {Month.of(now).words} are used: it starts in {Month.of(now).next.words}" in why(
        records, limits, "next"
    )
