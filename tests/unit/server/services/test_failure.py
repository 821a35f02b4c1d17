"""What one sees first of a run that did not succeed: the cell, and the end of its log."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Play, Stage
from nightdesk.server.services.failure import FailedCell, failure_of
from nightdesk.server.services.logs import log_tail

from ..workbench import Bench, code, notebook, two_cells
from .watching import care

CELLS = (code("year = 2025", "parameters"), code(["total = 0\n", "for row in rows:\n", "    total += row\n"]))


def failing(cell: int, printed: str = "", outcome: str = "code_failed") -> Play:
    """A notebook that fails in this cell after it printed something."""

    def play(stage: Stage) -> Exit:
        stage.event("started", cells=3)
        for number in range(1, cell + 1):
            stage.event("cell_started", cell=number)
        stage.event("stream", cell=cell, name="stdout", text=printed)
        error = {"type": "KeyError", "message": "'amount'", "cell": cell}
        stage.event("finished", outcome=outcome, reason="it failed", error=error)
        return Exit(1)

    return play


def ended(bench: Bench, play: Play, **wanted: object) -> Run:
    """A run that did this."""
    bench.play = play
    run = bench.submit(**{"source": notebook(*CELLS), **wanted})  # type: ignore[arg-type]
    care(bench.supervisor(), run)
    return bench.run(run)


def test_the_cell_is_the_one_that_the_runner_counts(bench: Bench) -> None:
    run = ended(bench, failing(3), parameters={"year": 2026})
    failure = failure_of(bench.records, bench.store, run)
    assert failure is not None
    assert failure.cell == FailedCell(3, "total = 0\nfor row in rows:\n    total += row", 3), (
        "the cell with the parameters that were put in is the second"
    )


def test_of_a_long_cell_its_first_lines(bench: Bench) -> None:
    source = "".join(f"step_{number}()\n" for number in range(40)) + "x" * 5000
    run = ended(bench, failing(1), source=notebook(code(source)))
    failure = failure_of(bench.records, bench.store, run)
    assert failure is not None
    assert failure.cell is not None
    assert failure.cell.source == "\n".join(f"step_{number}()" for number in range(12))
    assert failure.cell.lines == 41
    wide = failure_of(bench.records, bench.store, ended(bench, failing(1), source=notebook(code("y" * 5000))))
    assert wide is not None
    assert wide.cell == FailedCell(1, "y" * 300, 1)


def test_a_run_that_is_ended_in_a_cell_shows_that_cell(bench: Bench) -> None:
    run = ended(bench, failing(2))
    killed = replace(run, error=None, status=Status.TIMED_OUT, cell=1)
    failure = failure_of(bench.records, bench.store, killed)
    assert failure is not None
    assert failure.cell == FailedCell(1, "year = 2025", 1)


def test_the_last_lines_of_what_it_printed(bench: Bench) -> None:
    printed = "".join(f"line {number}\n" for number in range(60)) + "10%\r50%\r\x1b[31m90%\x1b[0m\n"
    run = ended(bench, failing(1, printed))
    expected = "\n".join([*(f"line {number}" for number in range(36, 60)), "90%"])
    failure = failure_of(bench.records, bench.store, run)
    assert failure is not None
    assert failure.log == expected
    with bench.database.writing() as connection:
        connection.exec_driver_sql("delete from run_log")
    assert failure_of(bench.records, bench.store, run) == failure, "from the store as well"


def test_the_end_of_a_log_of_many_small_pieces(bench: Bench) -> None:
    def play(stage: Stage) -> Exit:
        stage.event("started", cells=1)
        for number in range(2000):
            stage.event("stream", cell=1, name="stdout", text=f"{number}\n")
        return failing(1)(stage)

    run = ended(bench, play)
    assert log_tail(bench.records, bench.store, run, 3) == "1997\n1998\n1999"


@pytest.mark.parametrize("text", ["x" * 100_000, "y\n" * 50_000, "ü" * 30_000 + "\n", "no end", ""])
def test_a_tail_is_short_however_long_the_log(bench: Bench, text: str) -> None:
    run = ended(bench, failing(1, text))
    tail = log_tail(bench.records, bench.store, run, 25)
    assert len(tail) <= 25 * 401
    assert tail.split("\n")[-1][-10:] == text.rstrip("\n").split("\n")[-1][-10:]


def test_where_nothing_went_wrong_there_is_nothing(bench: Bench) -> None:
    waiting = bench.submit()
    assert failure_of(bench.records, bench.store, waiting) is None
    assert failure_of(bench.records, bench.store, ended(bench, two_cells)) is None


def test_a_run_that_never_began_and_a_script_show_no_cell(bench: Bench) -> None:
    run = ended(bench, failing(1))
    for other in (
        replace(run, cell=0, error=None),
        replace(run, kind="script"),
        replace(run, cell=99, error=None),
        replace(run, id="nosuchrun234"),
    ):
        failure = failure_of(bench.records, bench.store, other)
        assert failure is not None
        assert failure.cell is None


def test_a_store_that_is_away_hides_nothing_else(bench: Bench) -> None:
    class Away:
        def open(self, _key: str) -> None:
            raise Unavailable("the store does not answer")

    large = notebook(code("#" * 300_000))  # what is small is in the database
    run = ended(bench, failing(1, "printed\n"), source=large)
    failure = failure_of(bench.records, Away(), run)  # type: ignore[arg-type]
    assert failure is not None
    assert (failure.cell, failure.log) == (None, "printed")
