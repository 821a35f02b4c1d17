"""A worker that is cut off from the database past its time, and comes back when another one has its run."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.errors import NightdeskError, Unavailable
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Status
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services.lookout import Lookout
from nightdesk.server.services.sweep import sweep

from ..workbench import Bench, two_cells
from .watching import Worker, running, until

pytestmark = [pytest.mark.usefixtures("quick"), pytest.mark.fault(9)]


class Line:
    """The way from one worker to the database, which may be cut."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.cut = threading.Event()
        self.tried = threading.Event()  # in vain

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._records, method)

        def call(*arguments: Any, **named: Any) -> Any:
            if self.cut.is_set():
                self.tried.set()
                raise Unavailable("the database does not answer")
            return found(*arguments, **named)

        return call


def talkative(stage: Stage) -> Exit:
    """Says something when it is told to, and ends when it is told to."""
    stage.event("started", cells=2)
    stage.event("stream", cell=1, name="stdout", text="waiting\n")
    stage.wait_for("speak")
    stage.event("stream", cell=1, name="stdout", text="said meanwhile\n")
    stage.wait_for("go")
    return two_cells(stage)


LOG = "waiting\nsaid meanwhile\nthis is cell 1\nthis is cell 2\n"


@pytest.mark.parametrize("over", [False, True], ids=["while it goes on", "when it is over"])
def test_another_adopts_its_run_and_it_is_refused_when_it_is_back(
    bench: Bench, caplog: pytest.LogCaptureFixture, over: bool
) -> None:
    bench.play = talkative
    run = bench.submit()
    line = Line(bench.records)
    first = Worker(bench.supervisor("first", replace(bench.parts, records=line)), run)
    first.supervisor._parts.records.beat("first", 1, 2**40)
    running(bench, run, "waiting\n")
    clock = [0.0]
    lookout, second = Lookout(lambda: clock[0]), bench.supervisor("second")
    sweep(bench.parts, second, lookout)

    line.cut.set()
    bench.engine.stage(run).cue("speak")
    until(line.tried.is_set, "the first worker cannot write down what the code says")
    with pytest.raises(NightdeskError):
        first.supervisor.keep()
    clock[0] = 20.0  # the first worker has not moved since
    sweep(bench.parts, second, lookout)
    until(lambda: bench.run(run).worker == "second", "the second worker adopts the run")
    until(lambda: bench.log(run) == "waiting\nsaid meanwhile\n", "and reads what the first could not write")
    if over:
        bench.engine.stage(run).cue("go")
        until(lambda: bench.run(run).final, "the second worker sees it through")

    line.cut.clear()
    first.supervisor.keep()
    if not over:
        first.join()
        assert "another worker has it now" in caplog.text
        assert bench.run(run).worker == "second"
        bench.engine.stage(run).cue("go")
        until(lambda: bench.run(run).final, "the second worker sees it through")
    first.join()
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.endings(run) == ["succeeded"]
    assert bench.log(run) == LOG
