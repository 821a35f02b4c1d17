"""Tidying up: what ended goes, what lives stays, what nobody knows is left alone."""

from __future__ import annotations

import io

import pytest
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.ports.records import Usage
from nightdesk.server.services.sweep import tidy

from ..workbench import Bench
from .watching import care


def tidied(bench: Bench) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """The containers and the folders that are there after tidying up."""
    tidy(bench.records, bench.engine, bench.folders)
    containers = [(container.run_id, container.attempt) for container in bench.engine.all()]
    return containers, bench.folders.attempts()


def with_leftovers(bench: Bench, status: Status, attempt: int = 1) -> Run:
    """A run with a container and a folder of its first attempt."""
    run = bench.submit()
    bench.engine.create(run)
    bench.folders.prepare(run, {}, io.BytesIO(b""), None)
    bench.set_runs(status=status, attempt=attempt)
    return run


@pytest.mark.parametrize("status", [status for status in Status if status.final])
def test_what_is_left_of_a_run_that_ended_goes(bench: Bench, status: Status) -> None:
    with_leftovers(bench, status)
    assert tidied(bench) == ([], [])


@pytest.mark.parametrize("status", [Status.STARTING, Status.RUNNING])
def test_what_is_alive_stays(bench: Bench, status: Status) -> None:
    run = with_leftovers(bench, status)
    assert tidied(bench) == ([(run.id, 1)], [(run.id, 1)])


@pytest.mark.parametrize("status", [Status.QUEUED, Status.STARTING, Status.RUNNING])
def test_what_is_left_of_an_earlier_attempt_goes(bench: Bench, status: Status) -> None:
    with_leftovers(bench, status, attempt=2)
    assert tidied(bench) == ([], [])


def test_a_container_that_was_made_for_a_run_in_the_queue_goes(bench: Bench) -> None:
    run = with_leftovers(bench, Status.QUEUED)
    assert tidied(bench) == ([], [(run.id, 1)])


def test_what_nobody_knows_is_left_alone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    run = with_leftovers(bench, Status.RUNNING)
    with bench.database.writing() as connection:
        connection.exec_driver_sql("delete from runs")
    assert tidied(bench) == ([(run.id, 1)], [(run.id, 1)])
    assert f"container of an unknown run {run.id} is left alone" in caplog.text


def test_an_engine_away_keeps_nothing_else_from_being_done(bench: Bench) -> None:
    with_leftovers(bench, Status.SUCCEEDED)
    bench.engine.away = True
    tidy(bench.records, bench.engine, bench.folders)
    assert bench.folders.attempts() == []


def test_old_log_pieces_go_and_fresh_ones_stay(bench: Bench) -> None:
    old, fresh = bench.submit(), bench.submit()
    for run in (old, fresh):
        care(bench.supervisor(), run)
    with bench.database.writing() as connection:
        connection.exec_driver_sql("update run_log set written_at = written_at - 700")
        connection.exec_driver_sql("update runs set finished_at = finished_at - 700 where id = ?", (old.id,))
    tidy(bench.records, bench.engine, bench.folders)
    assert bench.log(old) == ""
    assert bench.log(fresh) == "this is cell 1\nthis is cell 2\n"
    assert bench.output(bench.run(old), "log.txt") == b"this is cell 1\nthis is cell 2\n"


def test_what_runs_took_goes_three_months_after_their_end(bench: Bench) -> None:
    old, fresh, going = bench.submit(), bench.submit(), bench.submit()
    for run in (old, fresh):
        care(bench.supervisor(), run)
    for run in (old, fresh, going):
        bench.records.add_usage(run, Usage(0.0, 1.0, 1, 1))
    ago = 91 * 24 * 3600
    with bench.database.writing() as connection:
        connection.exec_driver_sql("update run_usage set at = at - ?", (ago,))
        connection.exec_driver_sql(
            "update runs set finished_at = finished_at - ? where id = ?", (ago, old.id)
        )
    tidy(bench.records, bench.engine, bench.folders)
    assert [len(bench.records.usage(run)) for run in (old, fresh, going)] == [0, 1, 1]
