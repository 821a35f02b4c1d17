"""What runs do in these tests, what they leave, and parts that fail for a while."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.doubles.engine import Stage

from ..workbench import Bench, two_cells


def whole(bench: Bench, run: Run) -> dict[str, bytes]:
    """The outputs on record, each whole in the store, and the manifest says the same."""
    found = {}
    for output in bench.records.outputs([run.id])[run.id]:
        content = bench.output(run, output.name)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (output.size, output.sha256)
        found[output.name] = content
    listed = json.loads(found["manifest.json"])["outputs"]
    assert {entry["name"] for entry in listed} == set(found) - {"manifest.json"}
    for entry in listed:
        assert hashlib.sha256(found[entry["name"]]).hexdigest() == entry["sha256"]
    return found


def nothing_left(bench: Bench, run: Run) -> None:
    """No container, no folder, no half-written object."""
    assert bench.engine.all() == []
    assert bench.folders.attempts() == []
    assert not [key for key in bench.stored() if key.endswith(".part")]
    assert bench.run(run).worker is None


def failing(stage: Stage) -> Exit:
    """The second of three cells raises."""
    stage.event("started", cells=3)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="fine\n")
    stage.event("cell_started", cell=2)
    error = {"type": "ValueError", "message": "no such year", "cell": 2, "traceback": "…"}
    stage.event(
        "finished", outcome="code_failed", reason="cell 2 raised ValueError: no such year", error=error
    )
    return Exit(1)


def waiting(stage: Stage) -> Exit:
    """One cell that waits for the test."""
    stage.event("started", cells=2)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="waiting\n")
    stage.wait_for("go")
    return two_cells(stage)


class Failing:
    """A port of which one method raises, so many times (None: always), and then works."""

    def __init__(self, port: Any, method: str, error: Exception, times: int | None) -> None:
        self._port, self._method, self._error, self.left = port, method, error, times
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name != self._method:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.left is None or self.left > 0:
                self.left = None if self.left is None else self.left - 1
                raise self._error
            return found(*arguments, **named)

        return call
