"""Metrics, from the line in the file to the event."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from nightdesk.runner import metrics
from nightdesk.runner.metrics import Metrics

from .run_folder import RunFolder, notebook


class Recorded:
    """Stands where the events go."""

    def __init__(self) -> None:
        self.metrics: list[tuple[str, float, int | None]] = []

    def emit(self, event: str, *, name: str, value: float, step: int | None) -> None:
        assert event == "metric"
        self.metrics.append((name, value, step))


@pytest.fixture
def reader(tmp_path: Path) -> tuple[Path, Metrics, Recorded]:
    recorded: Any = Recorded()
    path = tmp_path / "metrics.jsonl"
    return path, Metrics(str(path), recorded), recorded


def test_only_whole_lines_and_each_once(reader: tuple[Path, Metrics, Recorded]) -> None:
    path, found, recorded = reader
    found.read()
    with path.open("w") as file:
        file.write('{"name": "a", "value": 1, "step": null}\n{"name": "b", "va')
        file.flush()
        found.read()
        assert recorded.metrics == [("a", 1, None)]
        file.write('lue": 2.5, "step": 3}\n')
        file.flush()
        found.read()
        found.read()
    assert recorded.metrics == [("a", 1, None), ("b", 2.5, 3)]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "words",
        "[1]",
        "7",
        '{"name": "a"}',
        '{"name": 1, "value": 1}',
        '{"name": "", "value": 1}',
        '{"name": "a", "value": "1"}',
        '{"name": "a", "value": true}',
        '{"name": "a", "value": NaN}',
        '{"name": "a", "value": 1e999}',
        '{"name": "a", "value": 1, "step": 1.5}',
        '{"name": "a", "value": 1, "step": false}',
        '{"name": "a", "value": 1' + "0" * 400 + "}",
    ],
)
def test_other_lines_are_passed_over(reader: tuple[Path, Metrics, Recorded], line: str) -> None:
    path, found, recorded = reader
    path.write_text(line + '\n{"name": "good", "value": 1}\n')
    found.read()
    assert recorded.metrics == [("good", 1, None)]


def test_bounds(reader: tuple[Path, Metrics, Recorded], monkeypatch: pytest.MonkeyPatch) -> None:
    path, found, recorded = reader
    monkeypatch.setattr(metrics, "READ_BYTES", 200)
    monkeypatch.setattr(metrics, "MOST", 3)
    path.write_text("x" * 1000 + "\n" + '{"name": "a", "value": 1}\n' * 9)
    found.read()
    assert recorded.metrics == [("a", 1, None)] * 3


def test_from_a_notebook(folder: RunFolder) -> None:
    source = "from nightdesk.notebook import log_metric, run\nlog_metric('rate', run.parameters['rate'])"
    later = "import time\nlog_metric('loss', 0.5, step=1)\ntime.sleep(1.2)"
    folder.notebook(notebook(source, later), parameters={"rate": 3})
    ended = folder.run()
    assert ended.outcome == "succeeded", ended.events
    found = [(e["name"], e["value"], e["step"]) for e in ended.of("metric")]
    assert found == [("rate", 3, None), ("loss", 0.5, 1)]
    # Not only at the end: the second one came while its cell was running.
    assert ended.of("metric")[1]["t"] < ended.finished["t"] - 0.3
    lines = (folder.root / "result/metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"name": "rate", "value": 3, "step": None}
    assert ended.finished["t"] <= time.time()
