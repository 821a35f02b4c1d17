"""The sampler's thread: it looks at the runs in the worker's care, and whatever goes wrong, it goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.ports.engine import Sample
from nightdesk.server.services import sampling
from nightdesk.server.worker import keeper
from nightdesk.server.worker.sampler import Eye

from ..services.watching import Worker, running, until
from ..workbench import Bench, two_cells


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred looks a second."""
    monkeypatch.setattr(keeper, "_TICK_SECONDS", 0.005)
    monkeypatch.setattr(sampling, "_STEP_SECONDS", 0.01)


def patient(stage: Stage) -> Exit:
    """Takes something, and goes on when the test says so."""
    stage.takes = Sample(1.0, 7 * 2**20)
    stage.event("started", cells=2)
    stage.event("stream", cell=1, name="stdout", text="waiting\n")
    stage.wait_for("go")
    return two_cells(stage)


def test_it_measures_runs_and_goes_on_after_a_fault(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    class Faulty:
        """An engine behind which a bug waits, once."""

        looks = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.engine, name)

        def sample(self, container: Any) -> Any:
            self.looks += 1
            if self.looks == 2:
                raise ZeroDivisionError("a bug")
            return bench.engine.sample(container)

    bench.play = patient
    supervisor = bench.supervisor()
    run = bench.submit()
    worker = Worker(supervisor, run)
    running(bench, run, "waiting\n")
    eye = Eye(replace(bench.parts, engine=Faulty()), supervisor)  # type: ignore[arg-type]
    eye.start()
    until(lambda: len(bench.records.usage(bench.run(run))) > 2, "it measures")
    assert "a bug" in caplog.text
    assert bench.records.usage(bench.run(run))[-1].memory_bytes == 7 * 2**20
    bench.engine.stage(run).cue("go")
    worker.join()
    eye.stop()
    eye.join(5)
    assert not eye.is_alive()
