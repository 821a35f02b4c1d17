"""A worker is killed at every point of a pipeline's way in turn; the next one carries it on, and no step is run twice."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.pipeline import PipelineStatus
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.services import supervise as subject
from nightdesk.server.services.pipelining import sweep_pipelines
from nightdesk.server.services.supervise import Supervisor

from ..workbench import Bench
from .crashing import Crash, Fuse
from .piping import Piping
from .watching import care

pytestmark = [pytest.mark.usefixtures("quick"), pytest.mark.fault(1)]
TWO = """\
name: two
steps:
  a: {run: check.py}
  b: {run: train.py, needs: a}
"""


@pytest.fixture(autouse=True)
def _as_if_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_FLUSH_PIECES", 1)
    quiet = threading.excepthook

    def hook(arguments: Any) -> None:
        if not isinstance(arguments.exc_value, Crash):
            quiet(arguments)

    monkeypatch.setattr(threading, "excepthook", hook)


def test_killed_at_any_point_it_resumes_without_running_a_finished_step_again(
    benches: Callable[..., Bench],
) -> None:
    # Up to where a run's outputs are on record, test_crashes has every point.
    calls = killed_at(10**6, Piping(benches()))
    assert "records.move_pipeline" in calls
    for at in range(calls.index("records.set_outputs") + 1, len(calls) + 1):
        killed_at(at, Piping(benches()))


def killed_at(at: int, piping: Piping) -> list[str]:
    """Let the first worker die after its n-th call while it looks after the first step; its calls."""
    pipeline = piping.send(TWO)
    fuse = Fuse(at, before=False)
    worker = Supervisor(replace(fuse.parts(piping.bench), people=piping.people), "first")
    with contextlib.suppress(Crash):
        care(worker, piping.bench.run(piping.rows(pipeline)["a"].run_id or ""))
    for number in range(6):
        if piping.now(pipeline).status.final:
            break
        sweep_pipelines(piping.clock)
        for status in (Status.QUEUED, Status.STARTING, Status.RUNNING):
            for run in piping.bench.records.runs(RunFilter(status=status)):
                care(Supervisor(piping.bench.parts, f"next-{number}"), run)
    note = f"the worker died after call {at}, {fuse.calls[-1]}"
    assert piping.now(pipeline).status is PipelineStatus.SUCCEEDED, note
    assert Counter(piping.started) == {"a": 1, "b": 1}, note
    assert len(piping.bench.records.steps_of(pipeline.id)) == 2, note
    piping.bench.close()
    return fuse.calls
