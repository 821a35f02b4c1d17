"""What a pipeline of fifty steps adds to each of them: from the end of a step's run until the next one is in the queue.

On a database file of its own, with the platform's own services and without a platform or containers: all that comes after a
run is in the queue it would take by itself. Beside it the same runs handed over one by one.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nightdesk.server.domain.pipeline import PipelineStatus
from nightdesk.server.domain.run import Output, Status
from nightdesk.server.domain.submission import Submission
from nightdesk.server.services.pipelines import NewPipeline, make_pipeline
from nightdesk.server.services.pipelining import carry_on
from nightdesk.server.services.submit import Files, submit

from .figures import spread
from .pipelines import CODE, STEPS
from .schedules import clock_on

LEFT = [Output(f"part-{number}.parquet", 1000, "0" * 64) for number in range(20)]


def steps_alone(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The figures, in seconds."""
    clock, people = clock_on(folder / "pipelines.db", folder)
    records = clock.records
    say(f"a pipeline of {STEPS} steps in a row, each of which leaves {len(LEFT)} files")
    wanted = NewPipeline(_text(), _folder())
    began = time.perf_counter()
    pipeline, _ = make_pipeline(clock, people[0], wanted)
    carry_on(clock, pipeline.id)
    sent = time.perf_counter() - began
    taken = []
    for _ in range(STEPS):
        _end_of_its_run(clock, pipeline.id)
        began = time.perf_counter()
        carry_on(clock, pipeline.id)
        taken.append(time.perf_counter() - began)
    found = records.pipeline(pipeline.id)
    assert found is not None
    assert found.status is PipelineStatus.SUCCEEDED, found.reason
    say(f"the same {STEPS} runs handed over one by one")
    by_hand = []
    for number in range(STEPS):
        began = time.perf_counter()
        one = Submission(file="step.py", name=f"by hand {number}")
        submit(records, clock.store, clock.settings, people[1], one, (CODE, None))
        by_hand.append(time.perf_counter() - began)
    return {"steps": STEPS, "sent": sent, "added": spread(taken), "by_hand": spread(by_hand)}


def _end_of_its_run(clock: Any, pipeline_id: str) -> None:
    """What a worker puts on record of the step that goes on."""
    records = clock.records
    (run,) = [run for _, run in records.steps_of(pipeline_id) if run is not None and not run.final]
    claimed = records.claim(run.id, "bench")
    running = records.change(claimed, status=Status.RUNNING)
    records.set_outputs(running, LEFT)
    records.change(running, status=Status.SUCCEEDED)


def _text() -> bytes:
    steps = {}
    for number in range(STEPS):
        before = {"needs": f"s{number - 1}"} if number else {}
        steps[f"s{number}"] = {"run": "step.py", **before}
    return json.dumps({"name": "fifty", "steps": steps}).encode()


def _folder() -> Files:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("step.py")
        entry.size = len(CODE)
        tar.addfile(entry, io.BytesIO(CODE))
    return Files(buffer, buffer.tell())
