"""Pipelines on a bench: made with few words, and carried on by one worker that does everything in turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.pipeline import Pipeline, StepRow, latest
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.services.lookout import Lookout
from nightdesk.server.services.pipelines import NewPipeline, make_pipeline
from nightdesk.server.services.pipelining import carry_on
from nightdesk.server.services.sweep import sweep
from nightdesk.server.services.ticking import Clockwork

from ..workbench import ADA, BOB, ROOT, Bench, archive, code, notebook, two_cells

CHAIN = """\
name: chain
parameters: {month: 2026-11}
steps:
  prepare:
    run: prepare.ipynb
    parameters: {month: "${parameters.month}"}
  train:
    run: train.py
    inputs: {table.csv: prepare/table-1.csv}
    parameters: {score: "${prepare.auc}", best: "${prepare.best}", said: "of ${parameters.month}"}
  check:
    run: check.py
    needs: prepare
  report:
    run: report.py
    needs: [train, check]
"""
FILES = {
    "prepare.ipynb": notebook(code("month = ''", "parameters"), code("print(month)")),
    "train.py": b"print('train')\n",
    "check.py": b"print('check')\n",
    "report.py": b"print('report')\n",
    "common.py": b"shared = 1\n",
}
Play = Callable[[Stage], Exit | int]


class Piping:
    """A bench on which pipelines run. ``plays`` says what containers of steps do; the others do well."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.people = MemoryPeople({f"token-{each.name}": each for each in (ADA, BOB, ROOT)})
        bench.parts = replace(bench.parts, people=self.people)
        self.clock = Clockwork(bench.records, bench.store, bench.settings, bench.parts.policies, self.people)
        self.plays: dict[str, Play] = {}
        self.started: list[str] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.work: dict[str, dict[str, bytes]] = {}
        bench.play = self._play

    def _play(self, stage: Stage) -> Exit | int:
        step = stage.run.step or stage.run.name
        folder = self.bench.folders.folders[stage.run.id, stage.run.attempt]
        self.started.append(step)
        self.jobs[step], self.work[step] = folder.job, dict(folder.work)
        if step == "prepare":
            folder.out["values.json"] = json.dumps({"best": ["ridge", 2]}).encode()
        return self.plays.get(step, two_cells)(stage)

    def send(
        self,
        text: str = CHAIN,
        files: Mapping[str, bytes] | None = None,
        *,
        person: Person = ADA,
        start: bool = True,
        **wanted: Any,
    ) -> Pipeline:
        """A pipeline on record, with its first steps in the queue."""
        given = {**FILES, **(files or {}), "pipeline.yaml": text.encode()}
        new = NewPipeline(text.encode(), archive(*given.items()), **wanted)
        made, _ = make_pipeline(self.clock, person, new)
        if start:
            carry_on(self.clock, made.id)
        return self.now(made)

    def work_off(self, most: int = 30) -> None:
        """Run what is queued, one after the other, until nothing is."""
        for _ in range(most):
            waiting = self.bench.records.runs(RunFilter(status=Status.QUEUED))
            if not waiting:
                return
            self.bench.supervisor().supervise(waiting[-1].id)
        raise AssertionError("there is always more to run")

    def sweep(self) -> None:
        """What a worker does now and then."""
        sweep(self.bench.parts, self.bench.supervisor("sweeper"), Lookout())

    def now(self, pipeline: Pipeline | str) -> Pipeline:
        """The pipeline as it is on record."""
        found = self.bench.records.pipeline(pipeline if isinstance(pipeline, str) else pipeline.id)
        assert found is not None
        return found

    def rows(self, pipeline: Pipeline) -> dict[str, StepRow]:
        """Its steps as they are now."""
        return latest(row for row, _ in self.bench.records.steps_of(pipeline.id))

    def states(self, pipeline: Pipeline) -> dict[str, str]:
        """Their states."""
        return {name: row.state.value for name, row in self.rows(pipeline).items()}

    def run_of(self, pipeline: Pipeline, step: str) -> Run:
        """The run of a step."""
        return self.bench.run(self.rows(pipeline)[step].run_id or "")


def failing(stage: Stage) -> Exit:
    """Code that ends with an error."""
    stage.event("started", contract=1, cells=0, kernel=None)
    error = {"type": "ValueError", "message": "no", "cell": None, "traceback": []}
    stage.event(
        "finished",
        outcome="code_failed",
        reason="ValueError: no",
        error=error,
        cells_done=0,
        peak_memory_bytes=1,
    )
    return Exit(1)
