"""A run's log reads the same while it is in the database and after it went to the store."""

from __future__ import annotations

from itertools import islice

import pytest
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services.logs import log_chunks, log_text
from nightdesk.server.services.sweep import tidy

from ..workbench import Bench
from .watching import care

WHOLE = "".join(f"{number} zeile ünï 😀\n" for number in range(1003) if number % 100 != 99)
LEFT_OUT = "[nightdesk] left out: pipe: a link, pipe, socket or device is not kept\n"


@pytest.fixture
def finished(bench: Bench) -> Run:
    """A run that printed more pieces than one reading gives, a few of them empty, and left a pipe."""

    def play(stage: Stage) -> Exit:
        bench.folders.folders[stage.run.id, 1].pipes.append("pipe")
        stage.event("started", cells=1)
        for number in range(1003):
            text = "" if number % 100 == 99 else f"{number} zeile ünï 😀\n"
            stage.event("stream", cell=1, name="stdout", text=text)
        stage.event("finished", outcome="succeeded")
        return Exit(0)

    bench.play = play
    run = bench.submit()
    care(bench.supervisor(), run)
    return bench.run(run)


def test_the_whole_log_while_it_is_fresh_and_later(bench: Bench, finished: Run) -> None:
    fresh = "".join(log_text(bench.records, bench.store, finished))
    assert fresh == WHOLE + LEFT_OUT
    assert bench.output(finished, "log.txt").decode() == fresh
    with bench.database.writing() as connection:
        connection.exec_driver_sql("delete from run_log")
    assert "".join(log_text(bench.records, bench.store, finished)) == fresh


@pytest.mark.parametrize("fresh", [True, False])
def test_from_any_place_on_nothing_is_doubled_or_lost(bench: Bench, finished: Run, fresh: bool) -> None:
    ends = [chunk.start + len(chunk.text) for chunk in log_chunks(bench.records, bench.store, finished)]
    if not fresh:
        with bench.database.writing() as connection:
            connection.exec_driver_sql("delete from run_log")
    whole = WHOLE + LEFT_OUT
    for start in [0, *ends[::97], ends[-2], ends[-1], ends[-1] + 5]:
        chunks = list(log_chunks(bench.records, bench.store, finished, start))
        assert "".join(chunk.text for chunk in chunks) == whole[start:]
        at = start
        for chunk in chunks:
            assert chunk.start == at
            at += len(chunk.text)


def test_pieces_that_are_asked_for_one_after_the_other(bench: Bench, finished: Run) -> None:
    """As a page does it that goes on from the end of what it has seen."""
    seen, start = "", 0
    while chunks := list(islice(log_chunks(bench.records, bench.store, finished, start), 37)):
        seen += "".join(chunk.text for chunk in chunks)
        start = chunks[-1].start + len(chunks[-1].text)
    assert seen == WHOLE + LEFT_OUT


def test_a_run_that_printed_nothing(bench: Bench) -> None:
    run = bench.submit()
    assert list(log_chunks(bench.records, bench.store, run)) == []
    bench.records.request_cancel(run.id, "ada")
    assert list(log_chunks(bench.records, bench.store, bench.run(run))) == [], "it never had a log.txt"


def test_tidying_up_changes_nothing_for_the_reader(bench: Bench, finished: Run) -> None:
    with bench.database.writing() as connection:
        connection.exec_driver_sql("update run_log set written_at = 0")
        connection.exec_driver_sql("update runs set finished_at = 0")
    tidy(bench.records, bench.engine, bench.folders)
    assert bench.log(finished) == ""
    assert "".join(log_text(bench.records, bench.store, bench.run(finished))) == WHOLE + LEFT_OUT
